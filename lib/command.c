/* What the lines of a client mean: settings and commands of lockerd-protocol(7).
 * Must not read or write a socket. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "number.h"
#include "process.h"
#include "server_private.h"

enum { MAX_HOLD_MS_BITS = 52 };

static const char blanks[] = " \t\r\v\f";

/* Cuts the next word off a line; NULL when there is none. */
static char *next_word(char **rest)
{
    return strtok_r(NULL, blanks, rest);
}

/* ---- settings ---- */

/* Numbers that the classic server would not have understood are ignored, as by it. */
static void set_fault(struct conn *conn, const char *text)
{
    if (conn->protocol >= 2)
        conn->fault = text;
}

static void set_text(struct conn *conn, char **setting, const char *value)
{
    char *copy;

    if (value != NULL && strlen(value) > OWNER_MAX_BYTES) {
        conn->fault = "a setting is longer than 255 bytes; use a shorter one";
        return;
    }
    copy = value != NULL ? strdup(value) : NULL;
    if (copy == NULL && value != NULL) {
        conn->fault = "the server is out of memory; try again later";
        return;
    }
    free(*setting);
    *setting = copy;
}

static void set_number(struct conn *conn, uint64_t *setting, const char *value, uint64_t max)
{
    if (value == NULL || number_parse(value, max, setting) != 0)
        set_fault(conn, "a setting is not a number, or too large");
}

static void set_flag(struct conn *conn, bool *setting, const char *value)
{
    uint64_t number;

    if (value != NULL && number_parse(value, 1, &number) == 0)
        *setting = number != 0;
    else
        set_fault(conn, "a setting is neither 0 nor 1");
}

static void on_user(struct conn *conn, char *args)
{
    char *user = next_word(&args);

    if (user != NULL)
        set_text(conn, &conn->user, user);
    else
        set_fault(conn, "the user has no name");
}

static void on_hostname(struct conn *conn, char *args)
{
    set_text(conn, &conn->hostname, next_word(&args));
}

static void on_job(struct conn *conn, char *args)
{
    set_text(conn, &conn->job, next_word(&args));
}

static void on_pid(struct conn *conn, char *args)
{
    set_number(conn, &conn->pid, next_word(&args), INT_MAX);
}

static void on_process(struct conn *conn, char *args)
{
    const char *start = next_word(&args), *boot = next_word(&args);

    set_number(conn, &conn->start, start, UINT64_MAX);
    if (boot == NULL)
        set_fault(conn, "\"process\" needs a start time, a boot id and a pid namespace");
    else
        set_text(conn, &conn->boot, strcmp(boot, "-") != 0 ? boot : NULL);
    set_number(conn, &conn->pid_namespace, next_word(&args), UINT64_MAX);
}

static void on_block(struct conn *conn, char *args)
{
    set_flag(conn, &conn->block, next_word(&args));
}

static void on_autounlock(struct conn *conn, char *args)
{
    set_flag(conn, &conn->autounlock, next_word(&args));
}

static void on_session(struct conn *conn, char *args)
{
    set_flag(conn, &conn->session, next_word(&args));
    conn->autounlock |= conn->session;
}

static void on_timeout(struct conn *conn, char *args)
{
    const char *value = next_word(&args);

    if (value == NULL ||
        number_parse_seconds(value, INT64_C(1) << MAX_HOLD_MS_BITS, &conn->hold_ms) != 0)
        set_fault(conn, "the timeout is not a number of seconds, or too large");
}

static void on_locks(struct conn *conn, char *args)
{
    const char *wrong;

    wish_fini(&conn->wish);
    if (conn->protocol < 2 && args[strspn(args, blanks)] == '\0')
        return;
    wrong = wish_add_group(&conn->wish, args);
    if (wrong != NULL)
        conn->fault = wrong;
}

static void on_and(struct conn *conn, char *args)
{
    const char *wrong = wish_add_group(&conn->wish, args);

    if (wrong != NULL)
        conn->fault = wrong;
}

static void on_count(struct conn *conn, char *args)
{
    uint64_t count = 0;
    const char *wrong = NULL;

    set_number(conn, &count, next_word(&args), WISH_NAMES_MAX);
    if (conn->fault == NULL)
        wrong = wish_set_count(&conn->wish, (size_t)count);
    if (wrong != NULL)
        conn->fault = wrong;
}

static void on_proto(struct conn *conn, char *args)
{
    const char *word = next_word(&args);
    uint64_t version;

    if (word == NULL || number_parse(word, UINT32_MAX, &version) != 0 || version < 2)
        return;
    conn->protocol = 2;
    reply_text(conn, "proto 2");
    server_mark_dirty(conn);
}

/* ---- commands ---- */

/* Answers a command that cannot be done because of an earlier setting.  Returns whether so. */
static bool answer_fault(struct conn *conn)
{
    const char *fault = conn->fault;

    conn->fault = NULL;
    if (fault == NULL && conn->user == NULL)
        fault = "no owner was named; send \"user NAME\" first";
    if (fault != NULL)
        reply_status(conn, NULL, fault);
    return fault != NULL;
}

static bool is_own_host(const struct ipclocker_server *server, const char *host)
{
    return strcasecmp(host, server->own_hostname) == 0;
}

/* Fills in what a classic client cannot tell: on this host its process can be looked at. */
static void identify_classic_owner(const struct conn *conn, struct lock_ask *ask)
{
    if (!ask->autounlock || ask->boot != NULL || ask->host == NULL || ask->pid == 0 ||
        !is_own_host(conn->server, ask->host))
        return;
    ask->start = process_start_time((pid_t)ask->pid);
    if (ask->start == 0)
        return;
    ask->boot = process_boot_id();
    ask->pid_namespace = process_pid_namespace();
}

static const char *outcome_error(enum lock_outcome outcome)
{
    switch (outcome) {
    case LOCK_OUTCOME_BAD_COUNT:
        return "nobody could ever have so many of these locks; name more or ask for fewer";
    case LOCK_OUTCOME_OVERLAP:
        return "a lock is named in two groups; name it in one";
    case LOCK_OUTCOME_HAS_PART:
        return "this owner holds a part of these locks already; give it back first";
    case LOCK_OUTCOME_WAITS:
        return "this owner waits for one of these locks already, with another request";
    case LOCK_OUTCOME_NO_MEMORY:
        return "the server is out of memory; try again later";
    default:
        return NULL;
    }
}

/* An owner that asks for what it has already needs no room. */
static bool has_room_for_locks(const struct conn *conn)
{
    const struct lock_table *table = conn->server->table;

    return lock_table_name_count(table) < conn->server->limits[IPCLOCKER_LIMIT_LOCKS] ||
           lock_table_find(table, conn->user, conn->wish.names[0]) != NULL;
}

static void answer_lock(struct conn *conn, const struct lock_result *result)
{
    struct lock_request *request = result->request;
    bool waits = result->outcome == LOCK_OUTCOME_QUEUED;

    if ((waits || conn->session) && claim_join(conn, request, waits) != 0) {
        lock_table_end(conn->server->table, request, LOCK_REASON_GONE, server_now_ms(conn->server));
        reply_status(conn, NULL, outcome_error(LOCK_OUTCOME_NO_MEMORY));
        return;
    }
    if (waits) {
        conn->state = CONN_WAITING;
        reply_waiting(conn, request);
    } else {
        reply_status(conn, NULL, NULL);
    }
    if (!conn->session)
        claim_watch_owner(conn->server, request);
    server_arm_deadline(conn->server);
}

static void on_lock(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    struct lock_ask ask = {
        .owner = conn->user,
        .groups = conn->wish.groups,
        .group_count = conn->wish.group_count,
        .host = conn->hostname,
        .pid = conn->pid,
        .start = conn->start,
        .boot = conn->boot,
        .pid_namespace = conn->pid_namespace,
        .job = conn->job,
        .wait = conn->block,
        .autounlock = conn->autounlock,
        .hold_ms = conn->hold_ms,
    };
    struct lock_result result;

    (void)args;
    if (answer_fault(conn))
        return;
    if (ask.group_count == 0) {
        reply_status(conn, NULL, NULL);
        return;
    }
    if (!has_room_for_locks(conn)) {
        reply_status(conn, NULL, "the server's limit of locks in use is reached; try again later");
        return;
    }
    if (lock_table_waiter_count(server->table) >= server->limits[IPCLOCKER_LIMIT_WAITERS])
        ask.wait = false;
    identify_classic_owner(conn, &ask);
    result = lock_table_request(server->table, &ask, server_now_ms(server));
    server_log(server, LOG_DEBUG, "LOCK by %s of %s: %s", conn->user, conn->wish.names[0],
               result.outcome == LOCK_OUTCOME_GRANTED  ? "granted"
               : result.outcome == LOCK_OUTCOME_QUEUED ? "waits"
                                                       : "refused");
    if (result.request != NULL)
        answer_lock(conn, &result);
    else if (result.outcome == LOCK_OUTCOME_REFUSED && conn->block)
        reply_status(conn, NULL, "the server's limit of waiters is reached; try again later");
    else
        reply_status(conn, NULL, outcome_error(result.outcome));
}

static void on_unlock(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *released = NULL;
    size_t first;

    (void)args;
    if (answer_fault(conn))
        return;
    if (lock_table_unlock(server->table, conn->user, (const char *const *)conn->wish.names,
                          conn->wish.name_count, server_now_ms(server), &first) > 0)
        released = conn->wish.names[first];
    server_run_resumed(server);
    server_arm_deadline(server);
    reply_status(conn, released, NULL);
}

static void on_status(struct conn *conn, char *args)
{
    const char *fault = conn->fault;

    (void)args;
    conn->fault = NULL;
    reply_status(conn, NULL, fault);
}

static void on_break_lock(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *first = NULL;

    (void)args;
    if (conn->fault != NULL) {
        on_status(conn, args);
        return;
    }
    for (size_t i = 0; i < conn->wish.name_count; i++) {
        const char *name = conn->wish.names[i];
        const struct lock_request *holder = lock_table_holder(server->table, name);

        if (holder == NULL)
            continue;
        server_log(server, LOG_NOTICE, "%s was broken for %s; it was held by %s", name,
                   conn->user != NULL ? conn->user : "somebody unnamed", holder->owner);
        reply_word(conn, "print_broke", holder->owner);
        lock_table_break(server->table, name, server_now_ms(server));
        first = first != NULL ? first : name;
    }
    server_run_resumed(server);
    server_arm_deadline(server);
    reply_status(conn, first, NULL);
}

static void on_lock_list(struct conn *conn, char *args)
{
    (void)args;
    reply_lock_list(conn);
}

static void on_list_json(struct conn *conn, char *args)
{
    (void)args;
    reply_json_list(conn);
}

static void on_dead_pid(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *host = next_word(&args), *word = next_word(&args);
    uint64_t pid;
    size_t ended;

    if (host == NULL || word == NULL || number_parse(word, INT_MAX, &pid) != 0 || pid == 0)
        return;
    if (is_own_host(server, host) && process_lookup((pid_t)pid, 0) != PROCESS_GONE) {
        server_log(server, LOG_WARNING, "process %llu was reported dead, but is here",
                   (unsigned long long)pid);
        return;
    }
    ended = lock_table_end_process(server->table, host, pid, server_now_ms(server));
    if (ended > 0)
        server_log(server, LOG_NOTICE, "process %llu at %s was reported dead: %zu released",
                   (unsigned long long)pid, host, ended);
    server_arm_deadline(server);
}

static void on_dead_job(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *job = next_word(&args);
    size_t ended = 0;

    if (job != NULL)
        ended = lock_table_end_job(server->table, job, server_now_ms(server));
    if (ended > 0)
        server_log(server, LOG_NOTICE, "job %s has ended: %zu released", job, ended);
    server_arm_deadline(server);
    reply_number(conn, "ended", ended);
    server_mark_dirty(conn);
}

static void on_version(struct conn *conn, char *args)
{
    (void)args;
    buffer_add_text(&conn->out, "version " FARMLOCK_VERSION " ");
    buffer_add_number(&conn->out, (uint64_t)conn->server->wall_base_ms / 1000);
    buffer_add_text(&conn->out, "\n\n");
    server_mark_dirty(conn);
}

static void on_queue(struct conn *conn, char *args)
{
    (void)args;
    reply_queue(conn, conn->waiting != NULL ? conn->waiting->claim->request : NULL);
}

static void on_cancel(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;

    (void)args;
    if (conn->waiting != NULL)
        lock_table_end(server->table, conn->waiting->claim->request, LOCK_REASON_UNLOCK,
                       server_now_ms(server));
}

static void on_eof(struct conn *conn, char *args)
{
    (void)args;
    conn->state = CONN_CLOSING;
    server_mark_dirty(conn);
}

static const struct command {
    const char *word;
    void (*run)(struct conn *conn, char *args);
    unsigned protocol; /* the lowest that has it */
    bool urgent;       /* done while a LOCK waits */
} commands[] = {
    {"user", on_user, 1, false},
    {"locks", on_locks, 1, false},
    {"block", on_block, 1, false},
    {"timeout", on_timeout, 1, false},
    {"LOCK", on_lock, 1, false},
    {"UNLOCK", on_unlock, 1, false},
    {"STATUS", on_status, 1, false},
    {"EOF", on_eof, 1, false},
    {"autounlock", on_autounlock, 1, false},
    {"hostname", on_hostname, 1, false},
    {"pid", on_pid, 1, false},
    {"proto", on_proto, 1, false},
    {"VERSION", on_version, 1, false},
    {"BREAK_LOCK", on_break_lock, 1, false},
    {"LOCK_LIST", on_lock_list, 1, false},
    {"DEAD_PID", on_dead_pid, 1, false},
    {"and", on_and, 2, false},
    {"count", on_count, 2, false},
    {"process", on_process, 2, false},
    {"job", on_job, 2, false},
    {"session", on_session, 2, false},
    {"QUEUE", on_queue, 2, true},
    {"CANCEL", on_cancel, 2, true},
    {"DEAD_JOB", on_dead_job, 2, false},
    {"LIST_JSON", on_list_json, 2, false},
};

static const struct command *find_command(const struct conn *conn, const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];

        if (command->word[0] == word[0] && strncmp(command->word, word, len) == 0 &&
            command->word[len] == '\0')
            return conn->protocol >= command->protocol ? command : NULL;
    }
    return NULL;
}

void command_run(struct conn *conn, char *line)
{
    char *word = line + strspn(line, blanks);
    size_t len = strcspn(word, blanks);
    const struct command *command = len > 0 ? find_command(conn, word, len) : NULL;

    if (command != NULL)
        command->run(conn, word + len);
}

bool command_is_urgent(const struct conn *conn, const char *line, size_t len)
{
    size_t word_len = 0;
    const struct command *command;

    while (word_len < len && strchr(blanks, line[word_len]) == NULL)
        word_len++;
    command = word_len > 0 ? find_command(conn, line, word_len) : NULL;
    return command != NULL && command->urgent;
}
