/* DEAD_JOB: a scheduler's job has ended.
 * Must not end what the connection may not, nor what a later run of the job has asked for. */
#include "command_job.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/host_name.h"
#include "base/number.h"
#include "base/words.h"
#include "context.h"
#include "history_text.h"
#include "lock/ending.h"
#include "may.h"
#include "pass.h"
#include "protocol/dead_job.h"
#include "reply.h"
#include "turn.h"
#include "unfinished.h"

/* Each request of the job is looked at, and its host compared with each that was named. */
enum { COMPARISONS_A_US = 50 };

_Static_assert(LOCK_ENDING_LOOKS_AN_END == TURN_LOOKS_A_US * TURN_CHANGE_COST_US, "one tariff");

/* What is said to have ended: a job, or what a run of it has asked for. */
struct dead_job {
    struct unfinished unfinished;
    struct lock_ending ending;
    const char *job;
    int64_t before_ms;
    const char *hosts[DEAD_JOB_HOSTS_MAX]; /* none: any */
    size_t host_count;
    bool is_denied; /* whether any request that it is shown was another user's */
    char text[];    /* the words */
};

/* For the judge. */
struct look {
    const struct conn *conn;
    const struct dead_job *dead;
    struct store_view view; /* what it is shown */
    size_t *compared;
    bool *denied;
};

static const struct refusal malformed_time = {ERROR_CODE_MALFORMED,
                                              "DEAD_JOB needs a time in milliseconds, or none"};
static const struct refusal too_many_hosts = {ERROR_CODE_LIMIT,
                                              "DEAD_JOB takes 64 hosts at most; send more of them"};

static bool is_of_hosts(const struct look *look, const char *host)
{
    const struct dead_job *dead = look->dead;

    *look->compared += dead->host_count;
    return dead->host_count == 0 || host_name_is_among(dead->hosts, dead->host_count, host);
}

static bool allows_end(const struct lock_judge *judge, const struct lock_request *request)
{
    const struct look *look = judge->context;

    if (request->last_asked_ms >= look->dead->before_ms ||
        !is_of_hosts(look, request->process->host))
        return false;
    if (may_end_job(look->conn, request))
        return true;
    /* Who is not shown it is not told that it is there, either. */
    *look->denied = *look->denied || history_text_shows(&look->view, &request->asker);
    return false;
}

/* Ends as much as there is room for in a turn; without one, what cannot stay as it is.  Returns
 * whether nothing is left to do. */
static bool end_some(struct conn *conn, struct dead_job *dead, bool has_turn)
{
    size_t most = (size_t)turn_left_us(conn) * TURN_LOOKS_A_US * COMPARISONS_A_US /
                  (COMPARISONS_A_US + TURN_LOOKS_A_US * dead->host_count);
    struct ipclocker_server *server = conn->server;
    struct store_culprit culprit;
    size_t compared = 0;
    bool is_over = true;
    const struct look look = {.conn = conn,
                              .dead = dead,
                              .view = may_view(conn),
                              .compared = &compared,
                              .denied = &dead->is_denied};
    const struct lock_judge judge = {.allows = allows_end, .context = &look};

    may_begin_blame(conn, &culprit);
    if (has_turn)
        is_over =
            lock_table_end_some(server->table, &dead->ending, &judge, most, context_now_ms(server));
    else
        lock_table_leave_ending(server->table, &dead->ending, &judge, context_now_ms(server));
    may_end_blame(server);
    conn->turn_cost_us +=
        (uint32_t)(dead->ending.looked / TURN_LOOKS_A_US + compared / COMPARISONS_A_US);
    return is_over;
}

static void log_end(struct conn *conn, const struct dead_job *dead)
{
    char who[MAY_WHO_SIZE];

    if (dead->ending.ended > 0)
        context_log(conn->server, LOG_NOTICE, "job %s has ended, says %s: %zu released", dead->job,
                    may_describe(conn, who), dead->ending.ended);
}

/* What waits was made absent, and nobody else would end that. */
static void leave(struct conn *conn, struct unfinished *unfinished)
{
    struct dead_job *dead = (struct dead_job *)unfinished;

    end_some(conn, dead, false);
    log_end(conn, dead);
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

/* Returns what is wrong with it, or NULL. */
static const struct refusal *begin(struct conn *conn, const char *args)
{
    size_t size = strlen(args) + 1;
    struct dead_job *dead = malloc(sizeof *dead + size);
    const struct refusal *wrong;

    if (dead == NULL)
        return &refusal_no_memory;
    *dead = (struct dead_job){.unfinished = {.leave = leave}, .before_ms = INT64_MAX};
    wrong = read_words(dead, memcpy(dead->text, args, size));
    if (wrong != NULL) {
        free(dead);
        return wrong;
    }
    /* Of no job there is nothing. */
    lock_ending_init_job(&dead->ending, conn->server->table, dead->job);
    if (dead->job == NULL || is_to_come(conn, dead->before_ms))
        dead->ending.step = LOCK_ENDING_OVER;
    conn->unfinished = &dead->unfinished;
    return NULL;
}

void command_dead_job(struct conn *conn, char *args)
{
    const struct refusal *wrong = conn->unfinished == NULL ? begin(conn, args) : NULL;
    struct dead_job *dead = (struct dead_job *)conn->unfinished;

    if (wrong != NULL) {
        reply_status(conn, NULL, wrong);
        return;
    }
    if (!end_some(conn, dead, true))
        return;
    log_end(conn, dead);
    if (dead->ending.ended == 0 && dead->is_denied)
        reply_status(conn, NULL, &may_not_owner);
    else
        reply_number(conn, "ended", dead->ending.ended);
    unfinished_end(conn);
    pass_mark_dirty(conn);
}
