/* What the lines of a client mean: settings and commands of lockerd-protocol(7).
 * Must not read or write a socket. */
#include "command.h"

#include <limits.h>
#include <string.h>
#include <syslog.h>

#include "base/number.h"
#include "base/words.h"
#include "command_lock.h"
#include "conn.h"
#include "context.h"
#include "history.h"
#include "pass.h"
#include "process/process.h"
#include "reply.h"
#include "reply_json.h"
#include "setting.h"
#include "state_outage.h"

static void on_status(struct conn *conn, char *args)
{
    const struct refusal *fault = conn->fault;

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
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const char *name = conn->demand.names[i];
        const struct lock_request *holder = lock_table_holder(server->table, name);

        if (holder == NULL)
            continue;
        context_log(server, LOG_NOTICE, "%s was broken for %s; it was held by %s", name,
                    conn->user != NULL ? conn->user : "somebody unnamed", holder->owner);
        reply_word(conn, "print_broke", holder->owner);
        lock_table_break(server->table, name, context_now_ms(server));
        first = first != NULL ? first : name;
    }
    pass_run_resumed(server);
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
    const char *host = words_next(&args), *word = words_next(&args);
    uint64_t pid;
    size_t ended;

    if (host == NULL || word == NULL || number_parse(word, INT_MAX, &pid) != 0 || pid == 0)
        return;
    if (context_is_own_host(server, host) && process_lookup((pid_t)pid, 0) != PIDSTAT_GONE) {
        context_log(server, LOG_WARNING, "process %llu was reported dead, but is here",
                    (unsigned long long)pid);
        return;
    }
    ended = lock_table_end_process(server->table, host, pid, context_now_ms(server));
    if (ended > 0)
        context_log(server, LOG_NOTICE, "process %llu at %s was reported dead: %zu released",
                    (unsigned long long)pid, host, ended);
}

static void on_dead_job(struct conn *conn, char *args)
{
    static const struct refusal no_time = {ERROR_CODE_MALFORMED,
                                           "DEAD_JOB needs a time in milliseconds, or none"};
    struct ipclocker_server *server = conn->server;
    const char *job = words_next(&args), *before = words_next(&args);
    uint64_t before_ms = INT64_MAX;
    size_t ended = 0;

    if (job != NULL && before != NULL && number_parse(before, INT64_MAX, &before_ms) != 0) {
        reply_status(conn, NULL, &no_time);
        return;
    }
    /* A time that is still to come is that of another clock, from before a restart: who knows what
     * has been started anew since? */
    if (job != NULL && (before == NULL || (int64_t)before_ms <= context_now_ms(server)))
        ended = lock_table_end_job(server->table, job, (int64_t)before_ms, context_now_ms(server));
    if (ended > 0)
        context_log(server, LOG_NOTICE, "job %s has ended: %zu released", job, ended);
    reply_number(conn, "ended", ended);
    pass_mark_dirty(conn);
}

static void on_version(struct conn *conn, char *args)
{
    (void)args;
    buffer_add_text(&conn->out.bytes, "version " FARMLOCK_VERSION " ");
    buffer_add_number(&conn->out.bytes, (uint64_t)conn->server->started_ms / 1000);
    buffer_add_text(&conn->out.bytes, "\n\n");
    pass_mark_dirty(conn);
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
                       context_now_ms(server));
}

static void on_eof(struct conn *conn, char *args)
{
    (void)args;
    conn->state = CONN_CLOSING;
    pass_mark_dirty(conn);
}

/* What a command is like. */
enum {
    SETS = 0,         /* a setting, or about the connection only */
    URGENT = 1 << 0,  /* done while a LOCK waits */
    READS = 1 << 1,   /* tells of the table */
    CHANGES = 1 << 2, /* or needs the disk */
    SILENT = 1 << 3,  /* is not answered */
};

#define WORD(text) text, sizeof(text) - 1

/* Those that most clients say come first. */
static const struct command {
    const char *word;
    size_t len;
    void (*run)(struct conn *conn, char *args);
    unsigned protocol; /* the lowest that has it */
    unsigned traits;
} commands[] = {
    {WORD("user"), setting_user, 1, SETS},
    {WORD("locks"), setting_locks, 1, SETS},
    {WORD("block"), setting_block, 1, SETS},
    {WORD("timeout"), setting_timeout, 1, SETS},
    {WORD("autounlock"), setting_autounlock, 1, SETS},
    {WORD("hostname"), setting_hostname, 1, SETS},
    {WORD("pid"), setting_pid, 1, SETS},
    {WORD("LOCK"), command_lock, 1, CHANGES},
    {WORD("UNLOCK"), command_unlock, 1, CHANGES},
    {WORD("EOF"), on_eof, 1, SETS},
    {WORD("STATUS"), on_status, 1, READS},
    {WORD("proto"), setting_proto, 1, SETS},
    {WORD("process"), setting_process, 2, SETS},
    {WORD("session"), setting_session, 2, SETS},
    {WORD("QUEUE"), on_queue, 2, URGENT},
    {WORD("RENEW"), command_renew, 2, CHANGES},
    {WORD("VERSION"), on_version, 1, SETS},
    {WORD("BREAK_LOCK"), on_break_lock, 1, CHANGES},
    {WORD("LOCK_LIST"), on_lock_list, 1, READS},
    {WORD("DEAD_PID"), on_dead_pid, 1, CHANGES | SILENT},
    {WORD("DEAD_PROCESS"), command_dead_process, 2, URGENT | CHANGES | SILENT},
    {WORD("and"), setting_and, 2, SETS},
    {WORD("count"), setting_count, 2, SETS},
    {WORD("job"), setting_job, 2, SETS},
    {WORD("CANCEL"), on_cancel, 2, URGENT | CHANGES | SILENT},
    {WORD("DEAD_JOB"), on_dead_job, 2, CHANGES},
    {WORD("HISTORY"), history_command, 2, READS | CHANGES},
    {WORD("LIST_JSON"), on_list_json, 2, READS},
};

static const struct command *find_command(const struct conn *conn, const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];

        if (command->len == len && command->word[0] == word[0] &&
            memcmp(command->word, word, len) == 0)
            return conn->protocol >= command->protocol ? command : NULL;
    }
    return NULL;
}

/* Answers a command that cannot be done because of the state's disk.  Returns whether so. */
static bool is_refused(struct conn *conn, const struct command *command)
{
    const struct refusal *why = NULL;

    if ((command->traits & (READS | CHANGES)) != 0)
        why = state_outage_refusal(conn->server, (command->traits & CHANGES) != 0);
    if (why == NULL)
        return false;
    if ((command->traits & SILENT) == 0) {
        conn->fault = NULL;
        if (state_outage_knows_table(conn->server))
            reply_status(conn, NULL, why);
        else
            conn_refuse(conn, why);
    }
    return true;
}

void command_run(struct conn *conn, char *line)
{
    char *word = line + words_blank_len(line);
    size_t len = words_word_len(word);
    const struct command *command = len > 0 ? find_command(conn, word, len) : NULL;
    uint32_t before = gated_output_len(&conn->out);

    if (command == NULL || is_refused(conn, command))
        return;
    command->run(conn, word + len);
    /* Such an answer needs to wait for no commit: a disk that hangs does not hold it up. */
    if (command->traits == SETS)
        gated_output_unbind(&conn->out, before);
}

bool command_is_urgent(const struct conn *conn, const char *line, size_t len)
{
    size_t word_len = 0;
    const struct command *command;

    while (word_len < len && line[word_len] != '\0' && !words_is_blank(line[word_len]))
        word_len++;
    command = word_len > 0 ? find_command(conn, line, word_len) : NULL;
    return command != NULL && (command->traits & URGENT) != 0;
}
