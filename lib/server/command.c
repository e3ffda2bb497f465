/* What the lines of a client mean: settings and commands of lockerd-protocol(7).
 * Must not read or write a socket. */
#include "command.h"

#include <limits.h>
#include <string.h>
#include <syslog.h>

#include "auth_conn.h"
#include "auth_key.h"
#include "base/number.h"
#include "base/words.h"
#include "command_break.h"
#include "command_dequeue.h"
#include "command_grant.h"
#include "command_inside.h"
#include "command_job.h"
#include "command_lock.h"
#include "command_replication.h"
#include "command_seats.h"
#include "conn.h"
#include "context.h"
#include "death_report.h"
#include "history.h"
#include "listing.h"
#include "lock/pools.h"
#include "may.h"
#include "pass.h"
#include "process/process.h"
#include "reply.h"
#include "rule_asker.h"
#include "setting.h"
#include "state_outage.h"
#include "turn.h"

static void on_status(struct conn *conn, char *args)
{
    const struct refusal *fault = conn->fault;

    (void)args;
    conn->fault = NULL;
    reply_status(conn, NULL, fault);
}

static void on_lock_list(struct conn *conn, char *args)
{
    const struct listing_question what = {.kind = LISTING_CLASSIC, .view = may_view(conn)};

    (void)args;
    listing_ask(conn, &what);
}

static void on_list_json(struct conn *conn, char *args)
{
    const char *of = words_next(&args);
    const struct listing_question what = {
        .kind = of != NULL && strcmp(of, "pools") == 0 ? LISTING_POOLS : LISTING_JSON,
        .view = may_view(conn)};

    listing_ask(conn, &what);
}

static void on_dead_pid(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *host = words_next(&args), *word = words_next(&args);
    uint64_t pid;

    if (host == NULL || word == NULL || number_parse(word, INT_MAX, &pid) != 0 || pid == 0)
        return;
    if (context_is_own_host(server, host) && process_lookup((pid_t)pid, 0) != PIDSTAT_GONE) {
        context_log(server, LOG_WARNING, "process %llu was reported dead, but is here",
                    (unsigned long long)pid);
        return;
    }
    conn->turn_cost_us += TURN_CHANGE_COST_US;
    death_report_take(conn, host, (pid_t)pid);
}

static void on_version(struct conn *conn, char *args)
{
    (void)args;
    buffer_add_text(&conn->out.bytes, "version " FARMLOCK_VERSION " ");
    buffer_add_number(&conn->out.bytes, (uint64_t)conn->server->started_ms / 1000);
    if (conn->protocol >= 2) {
        buffer_add(&conn->out.bytes, " ", 1);
        buffer_add_number(&conn->out.bytes, (uint64_t)context_now_ms(conn->server));
    }
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
    ITSELF = 0,        /* about the connection only */
    URGENT = 1 << 0,   /* done while a LOCK waits */
    READS = 1 << 1,    /* tells of the table */
    CHANGES = 1 << 2,  /* or needs the disk */
    SILENT = 1 << 3,   /* is not answered */
    NAMES = 1 << 4,    /* looks at each lock of the demand */
    SETS = 1 << 5,     /* a setting */
    PROVEN = 1 << 6,   /* only for whom may_change() allows it */
    SEALED = 1 << 7,   /* and behind a proof with its seal */
    PROOF = 1 << 8,    /* has munged asked */
    BY_LOGIN = 1 << 9, /* rules of pools go by who asks */
};

/* What else lines cost, before their names. */
enum {
    LINE_COST_US = 1,
    COMMAND_COST_US = 10,
    NAME_COST_US = 1,
    PROOF_COST_US = 120, /* of munged, which all share */
};

/* Known when this is compiled, as every line is charged for. */
#define COST_US(traits)                                        \
    ((((traits)&SETS) != 0 ? LINE_COST_US : COMMAND_COST_US) + \
     (((traits)&CHANGES) != 0 ? TURN_CHANGE_COST_US : 0) +     \
     (((traits)&PROOF) != 0 ? PROOF_COST_US : 0))

#define COMMAND(word, run, protocol, traits)                           \
    {                                                                  \
        sizeof(word) - 1, protocol, traits, COST_US(traits), word, run \
    }

static const struct command {
    uint16_t len;      /* of the word */
    uint16_t protocol; /* the lowest that has it */
    uint16_t traits;
    uint16_t cost_us;
    const char *word;
    void (*run)(struct conn *conn, char *args);
} commands[] = {
    /* Of one chain those are looked at first that stand first here. */
    COMMAND("LOCK", command_lock, 1, CHANGES | NAMES | PROVEN | SEALED | BY_LOGIN),
    COMMAND("UNLOCK", command_unlock, 1, CHANGES | NAMES | PROVEN | SEALED),
    COMMAND("user", setting_user, 1, SETS),
    COMMAND("locks", setting_locks, 1, SETS | NAMES),
    COMMAND("block", setting_block, 1, SETS),
    COMMAND("EOF", on_eof, 1, ITSELF),
    COMMAND("timeout", setting_timeout, 1, SETS),
    COMMAND("autounlock", setting_autounlock, 1, SETS),
    COMMAND("hostname", setting_hostname, 1, SETS),
    COMMAND("pid", setting_pid, 1, SETS),
    COMMAND("STATUS", on_status, 1, READS | NAMES),
    COMMAND("proto", setting_proto, 1, SETS),
    COMMAND("auth", auth_conn_auth, 2, SETS),
    COMMAND("proof", auth_conn_proof, 2, PROOF),
    COMMAND("process", setting_process, 2, SETS),
    COMMAND("session", setting_session, 2, SETS),
    COMMAND("QUEUE", on_queue, 2, URGENT | NAMES),
    COMMAND("INSIDE", command_inside, 2, URGENT | CHANGES | SILENT | NAMES | SEALED),
    COMMAND("RENEW", command_renew, 2, CHANGES | NAMES | PROVEN | SEALED | BY_LOGIN),
    COMMAND("EXTEND", command_extend, 2, CHANGES | NAMES | PROVEN | SEALED),
    COMMAND("FOLLOW", command_follow, 2, CHANGES | NAMES | PROVEN | SEALED),
    COMMAND("VERSION", on_version, 1, ITSELF),
    COMMAND("BREAK_LOCK", command_break_lock, 1, CHANGES | NAMES | PROVEN | SEALED),
    COMMAND("LOCK_LIST", on_lock_list, 1, READS),
    COMMAND("DEAD_PID", on_dead_pid, 1, CHANGES | SILENT | PROVEN | SEALED),
    COMMAND("DEAD_PROCESS", command_dead_process, 2,
            URGENT | CHANGES | SILENT | NAMES | PROVEN | SEALED),
    COMMAND("and", setting_and, 2, SETS | NAMES),
    COMMAND("count", setting_count, 2, SETS),
    COMMAND("shared", setting_shared, 2, SETS),
    COMMAND("spread", setting_spread, 2, SETS),
    COMMAND("keep", setting_keep, 2, SETS),
    COMMAND("until-boot", setting_until_boot, 2, SETS),
    COMMAND("job", setting_job, 2, SETS),
    COMMAND("project", setting_project, 2, SETS),
    COMMAND("priority", setting_priority, 2, SETS),
    COMMAND("lost-after", setting_lost_after, 2, SETS),
    COMMAND("why", setting_why, 2, SETS),
    COMMAND("queue-most", setting_queue_most, 2, SETS),
    COMMAND("EXPLAIN", command_explain, 2, READS | NAMES | PROVEN | BY_LOGIN),
    COMMAND("OUTSIDE", command_outside, 2, CHANGES | PROVEN | SEALED | BY_LOGIN),
    COMMAND("OFFLINE", command_offline, 2, CHANGES | PROVEN | SEALED | BY_LOGIN),
    COMMAND("ONLINE", command_online, 2, CHANGES | PROVEN | SEALED | BY_LOGIN),
    COMMAND("DEQUEUE", command_dequeue, 2, CHANGES | PROVEN | SEALED),
    COMMAND("CANCEL", on_cancel, 2, URGENT | CHANGES | SILENT | SEALED),
    COMMAND("WHOAMI", auth_conn_whoami, 2, ITSELF),
    COMMAND("REPLICATION", command_replication, 2, ITSELF),
    COMMAND("DEAD_JOB", command_dead_job, 2, CHANGES | PROVEN | SEALED),
    COMMAND("HISTORY", history_command, 2, READS | CHANGES),
    COMMAND("LIST_JSON", on_list_json, 2, READS),
};

_Static_assert(sizeof commands / sizeof *commands <= FIGURES_COMMANDS_MAX, "each is counted");

const char *command_word(size_t place)
{
    return place < sizeof commands / sizeof *commands ? commands[place].word : NULL;
}

bool command_is_setting(size_t place)
{
    return (commands[place].traits & SETS) != 0;
}

/* So that what comes often stands together. */
static inline bool is_rare(bool what)
{
    return __builtin_expect(what, false);
}

/* A word, and its head (words_head()), with zeros behind a shorter one. */
struct spoken {
    const char *text;
    size_t len;
    uint64_t head;
};

/* Words of eight bytes and more, and those with control characters in them. */
static __attribute__((noinline)) size_t long_word_len(const char *text, size_t len)
{
    return words_word_len_within(text, len);
}

/* The first word of a text of `len` bytes that begins with it, and most often with less than eight
 * bytes behind which there is a space, or nothing. */
static inline struct spoken read_word(const char *text, size_t len)
{
    uint64_t head = words_head(text, len);
    struct spoken word = {.text = text, .len = words_head_len(head), .head = head};

    if (is_rare(word.len == WORDS_HEAD_BYTES || (head >> (8 * word.len) & (UINT8_MAX & ~' ')) != 0))
        word.len = long_word_len(text, len);
    if (word.len < WORDS_HEAD_BYTES)
        word.head = head & ((UINT64_C(1) << (8 * word.len)) - 1);
    return word;
}

/* Few words have the same, and fewer of those that come often. */
static inline size_t chain_of(uint64_t head)
{
    return (head * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - COMMAND_CHAIN_BITS);
}

void command_index_init(struct command_index *index)
{
    memset(index, COMMAND_NONE, sizeof *index);
    for (size_t place = sizeof commands / sizeof *commands; place-- > 0;) {
        uint64_t head = words_head(commands[place].word, commands[place].len);
        uint8_t *chain = &index->chains[chain_of(head)];

        index->heads[place] = head;
        index->next[place] = *chain;
        *chain = (uint8_t)place;
    }
}

static inline bool is_word(const struct command_index *index, size_t place,
                           const struct spoken *word)
{
    return index->heads[place] == word->head &&
           (word->len < WORDS_HEAD_BYTES ||
            (commands[place].len == word->len &&
             memcmp(commands[place].word, word->text, word->len) == 0));
}

static inline const struct command *find_command(const struct conn *conn, const struct spoken *word)
{
    const struct command_index *index = &conn->server->command_index;

    for (uint8_t at = index->chains[chain_of(word->head)]; at != COMMAND_NONE;
         at = index->next[at]) {
        if (is_word(index, at, word))
            return conn->protocol >= commands[at].protocol ? &commands[at] : NULL;
    }
    return NULL;
}

/* Answers a command that cannot be done because of the state's disk.  Returns whether so. */
static bool is_refused(struct conn *conn, const struct command *command)
{
    const struct refusal *why =
        state_outage_refusal(conn->server, (command->traits & CHANGES) != 0);

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

/* The same for want of a seal, which ends the connection.  But a client may take the server for one
 * that reads no seals while a LOCK waits, and send none for what is urgent: that is passed over. */
static bool is_unsealed(struct conn *conn, const struct command *command)
{
    static const struct refusal no_seal = {
        ERROR_CODE_PROOF_INVALID, "the seal of a command is missing or not right; connect again"};
    enum auth_seal seal = auth_key_use_seal(conn);

    if (seal == AUTH_SEAL_RIGHT)
        return false;
    if (seal == AUTH_SEAL_WRONG || (command->traits & URGENT) == 0)
        conn_refuse(conn, &no_seal);
    else if (command->run == command_inside)
        on_queue(conn, NULL); /* which it asks as well */
    return true;
}

/* The same for want of a proof. */
static bool is_forbidden(struct conn *conn, const struct command *command)
{
    if ((command->traits & SEALED) != 0 && conn->auth != NULL && is_unsealed(conn, command))
        return true;
    if ((command->traits & PROVEN) == 0 || may_change(conn))
        return false;
    conn->fault = NULL;
    if ((command->traits & SILENT) == 0)
        reply_status(conn, NULL, &may_needs_proof);
    return true;
}

/* What may be changed now is; what may not is refused at once. */
static bool is_held_up(struct conn *conn, const struct command *command)
{
    return ((command->traits & CHANGES) != 0 && turn_is_held_up(conn->server)) ||
           ((command->traits & BY_LOGIN) != 0 && rule_asker_is_awaited(conn));
}

/* Most lines are settings, which are spared all these questions. */
static inline bool asks(const struct command *command, unsigned traits)
{
    return (command->traits & traits) != 0;
}

static inline void run(struct conn *conn, const struct command *command, char *args)
{
    struct ipclocker_server *server = conn->server;

    server->acting = conn->account;
    server->counts.commands[command - commands] += conn->unfinished == NULL;
    command->run(conn, args);
    server->acting = NULL;
    conn->turn_cost_us += command->cost_us;
}

/* Such an answer needs to wait for no commit: a disk that hangs does not hold it up. */
static void run_free(struct conn *conn, const struct command *command, char *args)
{
    uint32_t before = gated_output_len(&conn->out);

    run(conn, command, args);
    gated_output_unbind(&conn->out, before);
}

/* Of who has said `auth` each line counts.  Returns whether it is for nobody else. */
static inline bool is_taken(struct conn *conn, const char *line)
{
    return conn->auth != NULL && !auth_key_take_line(conn, line);
}

static inline bool is_turned_down(struct conn *conn, const struct command *command)
{
    return (asks(command, PROVEN | SEALED) && is_forbidden(conn, command)) ||
           (asks(command, READS | CHANGES) && is_refused(conn, command));
}

/* All but the settings of who has not said `auth`.  Returns false when it is to come again, with
 * what is left of it to do in the connection's `unfinished`. */
static bool run_checked(struct conn *conn, const struct command *command, char *line, char *args)
{
    bool is_new = conn->unfinished == NULL;

    /* A line that is to come again is not taken yet. */
    if (command != NULL && asks(command, CHANGES | BY_LOGIN) && is_held_up(conn, command))
        return false;
    if ((is_new && is_taken(conn, line)) || command == NULL ||
        (is_new && is_turned_down(conn, command))) {
        conn->turn_cost_us += LINE_COST_US;
        return true;
    }
    if (!asks(command, SETS))
        conn->is_active = conn->is_known = true;
    if (asks(command, URGENT | READS | CHANGES))
        run(conn, command, args);
    else
        run_free(conn, command, args);
    if (asks(command, NAMES))
        conn->turn_cost_us += NAME_COST_US * conn->demand.name_count;
    return conn->unfinished == NULL;
}

bool command_run(struct conn *conn, char *line, size_t len)
{
    size_t blanks = is_rare(words_is_blank(line[0])) ? words_blank_len(line) : 0;
    const struct spoken word = read_word(line + blanks, len - blanks);
    const struct command *command = word.len > 0 ? find_command(conn, &word) : NULL;
    char *args = line + blanks + word.len;

    if (command == NULL || !asks(command, SETS) || asks(command, NAMES) || conn->auth != NULL)
        return run_checked(conn, command, line, args);
    run_free(conn, command, args);
    return true;
}

bool command_is_urgent(const struct conn *conn, const char *line, size_t len)
{
    const struct spoken word = read_word(line, len);
    const struct command *command = word.len > 0 ? find_command(conn, &word) : NULL;

    if (command == NULL)
        return auth_key_may_seal(conn, line, len);
    return (command->traits & URGENT) != 0;
}
