/* What the settings of a connection say.
 * Must not look at the table, or change anything but the connection. */
#include "setting.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/words.h"
#include "limit.h"
#include "lock/pools.h"
#include "particulars.h"
#include "pass.h"
#include "reply.h"
#include "setting_demand.h"

enum { MAX_HOLD_MS_BITS = 52, KEEP_MOST_S = 30 * 24 * 3600 };

/* Numbers that the classic server would not have understood are ignored, as by it. */
static void set_fault(struct conn *conn, const struct refusal *fault)
{
    if (conn->protocol >= 2)
        conn->fault = fault;
}

static bool is_too_long(struct conn *conn, size_t len)
{
    static const struct refusal too_long = {
        ERROR_CODE_LIMIT, "a setting is longer than 255 bytes; use a shorter one"};

    if (len > OWNER_MAX_BYTES)
        conn->fault = &too_long;
    return len > OWNER_MAX_BYTES;
}

static void set_text(struct conn *conn, char **setting, const char *value)
{
    char *copy;

    if (value != NULL && is_too_long(conn, strlen(value)))
        return;
    copy = value != NULL ? strdup(value) : NULL;
    if (copy == NULL && value != NULL) {
        conn->fault = &refusal_no_memory;
        return;
    }
    free(*setting);
    *setting = copy;
}

static void set_number(struct conn *conn, uint64_t *setting, const char *value, uint64_t max)
{
    static const struct refusal no_number = {ERROR_CODE_MALFORMED,
                                             "a setting is not a number, or too large"};

    if (value == NULL || number_parse(value, max, setting) != 0)
        set_fault(conn, &no_number);
}

static void set_flag_by_word(struct conn *conn, bool *setting, const char *value)
{
    static const struct refusal no_flag = {ERROR_CODE_MALFORMED, "a setting is neither 0 nor 1"};
    uint64_t number;

    if (value != NULL && number_parse(value, 1, &number) == 0)
        *setting = number != 0;
    else
        set_fault(conn, &no_flag);
}

/* The number where all that is said is a blank and one digit, as it nearly always is; else -1. */
static inline int only_digit(const char *args)
{
    bool is_so = args[0] == ' ' && args[1] >= '0' && args[1] <= '9' && args[2] == '\0';

    return is_so ? args[1] - '0' : -1;
}

static inline void set_flag(struct conn *conn, bool *setting, char *args)
{
    int digit = only_digit(args);

    if (digit == 0 || digit == 1)
        *setting = digit != 0;
    else
        set_flag_by_word(conn, setting, words_next(&args));
}

void setting_forget(struct conn *conn)
{
    particulars_forget_user(conn);
    particulars_forget(conn);
    conn->why = false;
    particulars_forget_names(conn);
    conn->block = conn->autounlock = conn->session = false;
    conn->fault = NULL;
}

void setting_user(struct conn *conn, char *args)
{
    static const struct refusal no_name = {ERROR_CODE_MALFORMED, "the user has no name"};
    const char *user = args + words_blank_len(args);
    size_t len = words_word_len_within(user, strlen(user));

    if (len == 0)
        set_fault(conn, &no_name);
    else if (!is_too_long(conn, len) && particulars_set_user(conn, user, len) != 0)
        conn->fault = &refusal_no_memory;
}

void setting_hostname(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);

    if (own != NULL)
        set_text(conn, &own->hostname, words_next(&args));
}

void setting_job(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);

    if (own != NULL)
        set_text(conn, &own->job, words_next(&args));
}

void setting_project(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);

    if (own != NULL)
        set_text(conn, &own->project, words_next(&args));
}

void setting_priority(struct conn *conn, char *args)
{
    static const struct refusal no_priority = {ERROR_CODE_MALFORMED,
                                               "the priority is not a number from -1000 to 1000"};
    struct particulars *own = particulars_of(conn);
    const char *word = words_next(&args);
    bool is_negative = word != NULL && word[0] == '-';
    uint64_t number;

    if (word == NULL || number_parse(word + is_negative, POOL_PRIORITY_MOST, &number) != 0)
        conn->fault = &no_priority;
    else if (own != NULL)
        own->priority = (int16_t)(is_negative ? -(int32_t)number : (int32_t)number);
}

void setting_lost_after(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);
    const char *word = words_next(&args);
    uint64_t seconds = 0;

    set_number(conn, &seconds, word, UINT32_MAX);
    if (conn->fault == NULL)
        own->lost_after_s = (uint32_t)seconds;
}

void setting_why(struct conn *conn, char *args)
{
    set_flag(conn, &conn->why, args);
}

void setting_queue_most(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);
    const char *word = words_next(&args);
    uint64_t most = 0;

    if (word != NULL)
        set_number(conn, &most, word, UINT32_MAX - 1);
    if (own != NULL)
        own->queue_places = word != NULL ? (uint32_t)most + 1 : 0;
}

void setting_pid(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);

    if (own != NULL)
        set_number(conn, &own->pid, words_next(&args), INT_MAX);
}

void setting_process(struct conn *conn, char *args)
{
    static const struct refusal incomplete = {
        ERROR_CODE_MALFORMED, "\"process\" needs a start time, a boot id and a pid namespace"};
    struct particulars *own = particulars_of(conn);
    const char *start = words_next(&args), *boot = words_next(&args);

    if (own == NULL)
        return;
    set_number(conn, &own->start, start, UINT64_MAX);
    if (boot == NULL)
        set_fault(conn, &incomplete);
    else
        set_text(conn, &own->boot, strcmp(boot, "-") != 0 ? boot : NULL);
    set_number(conn, &own->pid_namespace, words_next(&args), UINT64_MAX);
}

void setting_block(struct conn *conn, char *args)
{
    set_flag(conn, &conn->block, args);
}

void setting_autounlock(struct conn *conn, char *args)
{
    set_flag(conn, &conn->autounlock, args);
}

void setting_session(struct conn *conn, char *args)
{
    set_flag(conn, &conn->session, args);
    conn->autounlock |= conn->session;
}

static bool read_hold_ms(char *args, int64_t *hold_ms)
{
    int digit = only_digit(args);
    const char *value;

    if (digit >= 0) {
        *hold_ms = digit * INT64_C(1000);
        return true;
    }
    value = words_next(&args);
    return value != NULL &&
           number_parse_seconds(value, INT64_C(1) << MAX_HOLD_MS_BITS, hold_ms) == 0;
}

void setting_timeout(struct conn *conn, char *args)
{
    static const struct refusal no_time = {ERROR_CODE_MALFORMED,
                                           "the timeout is not a number of seconds, or too large"};
    struct particulars *own;
    int64_t hold_ms;

    if (!read_hold_ms(args, &hold_ms))
        set_fault(conn, &no_time);
    else if (hold_ms != conn->says->hold_ms && (own = particulars_of(conn)) != NULL)
        own->hold_ms = hold_ms;
}

void setting_keep(struct conn *conn, char *args)
{
    static const struct refusal no_time = {ERROR_CODE_MALFORMED,
                                           "\"keep\" needs a number of seconds, 2592000 at most"};
    struct particulars *own = particulars_of(conn);
    const char *value = words_next(&args);
    int64_t keep_ms = 0;

    if (value == NULL || number_parse_seconds(value, KEEP_MOST_S * INT64_C(1000), &keep_ms) != 0)
        conn->fault = &no_time;
    if (own != NULL)
        own->keep_ms = (uint32_t)keep_ms;
}

void setting_until_boot(struct conn *conn, char *args)
{
    struct particulars *own = particulars_of(conn);

    if (own != NULL)
        set_flag(conn, &own->until_boot, args);
}

/* What the connections of a client want has a bound together, but that each may name a little. */
static bool names_too_much(const struct conn *conn, const char *names)
{
    enum { LITTLE_BYTES = 4096 };

    return conn->account->name_bytes >=
               limit_value(conn->server, IPCLOCKER_LIMIT_CLIENT_REQUEST_BYTES) &&
           conn->demand.bytes + strlen(names) > LITTLE_BYTES;
}

/* Returns what is wrong with them, or NULL. */
static const struct refusal *take_names(struct conn *conn, const char *names)
{
    struct ipclocker_server *server = conn->server;
    const struct setting_demand_limits limits = {
        .names = server->limits[IPCLOCKER_LIMIT_NAMES],
        .bytes = server->limits[IPCLOCKER_LIMIT_REQUEST_BYTES],
    };
    size_t before = conn->demand.bytes;
    const struct refusal *wrong;

    if (names_too_much(conn, names))
        return limit_refuse(server, IPCLOCKER_LIMIT_CLIENT_REQUEST_BYTES, conn->account);
    wrong = setting_demand_add_group(&conn->demand, names, &limits);
    conn->account->name_bytes += conn->demand.bytes - before;
    if (wrong == &setting_demand_too_many)
        return limit_refuse(server, IPCLOCKER_LIMIT_NAMES, conn->account);
    if (wrong == &setting_demand_too_long)
        return limit_refuse(server, IPCLOCKER_LIMIT_REQUEST_BYTES, conn->account);
    return wrong;
}

static void add_group(struct conn *conn, const char *names)
{
    const struct refusal *wrong = take_names(conn, names);

    if (wrong != NULL)
        conn->fault = wrong;
}

void setting_locks(struct conn *conn, char *args)
{
    const size_t *limits = conn->server->limits;
    const char *first = args + words_blank_len(args);
    size_t len = words_word_len_within(first, strlen(first));
    bool is_only = first[len + words_blank_len(first + len)] == '\0';

    particulars_forget_names(conn);
    if (conn->protocol < 2 && len == 0)
        return;
    if (len == 0 || !is_only || limits[IPCLOCKER_LIMIT_NAMES] == 0 ||
        limits[IPCLOCKER_LIMIT_REQUEST_BYTES] < len ||
        !lock_demand_set_only(&conn->demand, &conn->only, first, len))
        add_group(conn, args);
}

void setting_and(struct conn *conn, char *args)
{
    add_group(conn, args);
}

void setting_count(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    uint64_t count = 0;
    const struct refusal *wrong = NULL;

    set_number(conn, &count, words_next(&args), UINT32_MAX);
    if (count > server->limits[IPCLOCKER_LIMIT_NAMES])
        wrong = limit_refuse(server, IPCLOCKER_LIMIT_NAMES, conn->account);
    else if (conn->fault == NULL)
        wrong = setting_demand_set_count(&conn->demand, (size_t)count);
    if (wrong != NULL)
        conn->fault = wrong;
}

void setting_shared(struct conn *conn, char *args)
{
    const struct refusal *wrong;
    bool shared = false;

    set_flag(conn, &shared, args);
    wrong = setting_demand_set_shared(&conn->demand, shared);
    if (conn->fault == NULL)
        conn->fault = wrong;
}

void setting_spread(struct conn *conn, char *args)
{
    const struct refusal *wrong;
    bool spread = false;

    set_flag(conn, &spread, args);
    wrong = setting_demand_set_spread(&conn->demand, spread);
    if (conn->fault == NULL)
        conn->fault = wrong;
}

void setting_proto(struct conn *conn, char *args)
{
    const char *word = words_next(&args);
    uint64_t version;

    if (word == NULL || number_parse(word, UINT32_MAX, &version) != 0 || version < 2)
        return;
    conn->protocol = 2;
    reply_text(conn, "proto 2");
    if (conn->server->cluster[0] != '\0')
        reply_word(conn, "cluster", conn->server->cluster);
    pass_mark_dirty(conn);
}
