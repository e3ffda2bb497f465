/* What the settings of a connection say.
 * Must not look at the table, or change anything but the connection. */
#include "setting.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/words.h"
#include "pass.h"
#include "reply.h"
#include "setting_demand.h"

enum { MAX_HOLD_MS_BITS = 52 };

/* Numbers that the classic server would not have understood are ignored, as by it. */
static void set_fault(struct conn *conn, const struct refusal *fault)
{
    if (conn->protocol >= 2)
        conn->fault = fault;
}

static void set_text(struct conn *conn, char **setting, const char *value)
{
    static const struct refusal too_long = {
        ERROR_CODE_LIMIT, "a setting is longer than 255 bytes; use a shorter one"};
    char *copy;

    if (value != NULL && strlen(value) > OWNER_MAX_BYTES) {
        conn->fault = &too_long;
        return;
    }
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

static void set_flag(struct conn *conn, bool *setting, const char *value)
{
    static const struct refusal no_flag = {ERROR_CODE_MALFORMED, "a setting is neither 0 nor 1"};
    uint64_t number;

    if (value != NULL && number_parse(value, 1, &number) == 0)
        *setting = number != 0;
    else
        set_fault(conn, &no_flag);
}

void setting_user(struct conn *conn, char *args)
{
    static const struct refusal no_name = {ERROR_CODE_MALFORMED, "the user has no name"};
    char *user = words_next(&args);

    if (user != NULL)
        set_text(conn, &conn->user, user);
    else
        set_fault(conn, &no_name);
}

void setting_hostname(struct conn *conn, char *args)
{
    set_text(conn, &conn->hostname, words_next(&args));
}

void setting_job(struct conn *conn, char *args)
{
    set_text(conn, &conn->job, words_next(&args));
}

void setting_pid(struct conn *conn, char *args)
{
    set_number(conn, &conn->pid, words_next(&args), INT_MAX);
}

void setting_process(struct conn *conn, char *args)
{
    static const struct refusal incomplete = {
        ERROR_CODE_MALFORMED, "\"process\" needs a start time, a boot id and a pid namespace"};
    const char *start = words_next(&args), *boot = words_next(&args);

    set_number(conn, &conn->start, start, UINT64_MAX);
    if (boot == NULL)
        set_fault(conn, &incomplete);
    else
        set_text(conn, &conn->boot, strcmp(boot, "-") != 0 ? boot : NULL);
    set_number(conn, &conn->pid_namespace, words_next(&args), UINT64_MAX);
}

void setting_block(struct conn *conn, char *args)
{
    set_flag(conn, &conn->block, words_next(&args));
}

void setting_autounlock(struct conn *conn, char *args)
{
    set_flag(conn, &conn->autounlock, words_next(&args));
}

void setting_session(struct conn *conn, char *args)
{
    set_flag(conn, &conn->session, words_next(&args));
    conn->autounlock |= conn->session;
}

void setting_timeout(struct conn *conn, char *args)
{
    static const struct refusal no_time = {ERROR_CODE_MALFORMED,
                                           "the timeout is not a number of seconds, or too large"};
    const char *value = words_next(&args);

    if (value == NULL ||
        number_parse_seconds(value, INT64_C(1) << MAX_HOLD_MS_BITS, &conn->hold_ms) != 0)
        set_fault(conn, &no_time);
}

void setting_locks(struct conn *conn, char *args)
{
    const struct refusal *wrong;

    lock_demand_fini(&conn->demand);
    if (conn->protocol < 2 && args[words_blank_len(args)] == '\0')
        return;
    wrong = setting_demand_add_group(&conn->demand, args);
    if (wrong != NULL)
        conn->fault = wrong;
}

void setting_and(struct conn *conn, char *args)
{
    const struct refusal *wrong = setting_demand_add_group(&conn->demand, args);

    if (wrong != NULL)
        conn->fault = wrong;
}

void setting_count(struct conn *conn, char *args)
{
    uint64_t count = 0;
    const struct refusal *wrong = NULL;

    set_number(conn, &count, words_next(&args), DEMAND_NAMES_MAX);
    if (conn->fault == NULL)
        wrong = setting_demand_set_count(&conn->demand, (size_t)count);
    if (wrong != NULL)
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
    pass_mark_dirty(conn);
}
