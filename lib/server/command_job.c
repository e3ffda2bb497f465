/* DEAD_JOB: a scheduler's job has ended.
 * Must not end what the connection may not, nor what a later run of the job has asked for. */
#include "command_job.h"

#include <stdint.h>
#include <syslog.h>

#include "base/host_name.h"
#include "base/number.h"
#include "base/words.h"
#include "context.h"
#include "history_text.h"
#include "may.h"
#include "pass.h"
#include "protocol/dead_job.h"
#include "reply.h"
#include "turn.h"

/* Each request of the job is looked at, and its host compared with each that was named. */
enum { COMPARISONS_A_US = 50 };

/* What is said to have ended: a job, or what a run of it has asked for. */
struct dead_job {
    const struct conn *conn;
    struct store_view view; /* what it is shown */
    const char *job;
    int64_t before_ms;
    const char *hosts[DEAD_JOB_HOSTS_MAX]; /* none: any */
    size_t host_count;
    uint32_t *looked_at, *compared;
    bool *denied; /* whether any request that it is shown was another user's */
};

static const struct refusal malformed_time = {ERROR_CODE_MALFORMED,
                                              "DEAD_JOB needs a time in milliseconds, or none"};
static const struct refusal too_many_hosts = {ERROR_CODE_LIMIT,
                                              "DEAD_JOB takes 64 hosts at most; send more of them"};

static bool is_of_hosts(const struct dead_job *dead, const char *host)
{
    *dead->compared += (uint32_t)dead->host_count;
    return dead->host_count == 0 || host_name_is_among(dead->hosts, dead->host_count, host);
}

static bool allows_end(const struct lock_judge *judge, const struct lock_request *request)
{
    const struct dead_job *dead = judge->context;

    ++*dead->looked_at;
    if (request->last_asked_ms >= dead->before_ms || !is_of_hosts(dead, request->process->host))
        return false;
    if (may_end_job(dead->conn, request))
        return true;
    /* Who is not shown it is not told that it is there, either. */
    *dead->denied = *dead->denied || history_text_shows(&dead->view, &request->asker);
    return false;
}

/* Returns how many requests have ended. */
static size_t end(struct conn *conn, const struct dead_job *dead)
{
    const struct lock_judge judge = {.allows = allows_end, .context = dead};
    struct ipclocker_server *server = conn->server;
    struct store_culprit culprit;
    char who[MAY_WHO_SIZE];
    size_t ended;

    may_begin_blame(conn, &culprit);
    ended = lock_table_end_job_if(server->table, dead->job, &judge, context_now_ms(server));
    may_end_blame(server);
    if (ended > 0)
        context_log(server, LOG_NOTICE, "job %s has ended, says %s: %zu released", dead->job,
                    may_describe(conn, who), ended);
    return ended;
}

/* Returns what is wrong with the words, or NULL. */
static const struct refusal *read_words(struct dead_job *dead, char *args)
{
    const char *before, *host;
    uint64_t before_ms;

    dead->job = words_next(&args);
    before = words_next(&args);
    if (dead->job == NULL || before == NULL)
        return NULL;
    if (number_parse(before, INT64_MAX - 1, &before_ms) != 0)
        return &malformed_time;
    dead->before_ms = (int64_t)before_ms;
    while ((host = words_next(&args)) != NULL) {
        if (dead->host_count == DEAD_JOB_HOSTS_MAX)
            return &too_many_hosts;
        dead->hosts[dead->host_count++] = host;
    }
    return NULL;
}

/* A time that is still to come is that of another clock, from before a restart: who knows what has
 * been started anew since? */
static bool is_to_come(const struct conn *conn, int64_t before_ms)
{
    return before_ms < INT64_MAX && before_ms > context_now_ms(conn->server);
}

void command_dead_job(struct conn *conn, char *args)
{
    uint32_t looked_at = 0, compared = 0;
    bool denied = false;
    struct dead_job dead = {.conn = conn,
                            .view = may_view(conn),
                            .before_ms = INT64_MAX,
                            .looked_at = &looked_at,
                            .compared = &compared,
                            .denied = &denied};
    const struct refusal *wrong = read_words(&dead, args);
    size_t ended = 0;

    if (wrong != NULL) {
        reply_status(conn, NULL, wrong);
        return;
    }
    if (dead.job != NULL && !is_to_come(conn, dead.before_ms))
        ended = end(conn, &dead);
    conn->turn_cost_us += (uint32_t)ended * TURN_CHANGE_COST_US + looked_at / TURN_LOOKS_A_US +
                          compared / COMPARISONS_A_US;
    if (ended == 0 && denied) {
        reply_status(conn, NULL, &may_not_owner);
        return;
    }
    reply_number(conn, "ended", ended);
    pass_mark_dirty(conn);
}
