/* What is asked of etcd, or said there, beside a store: by who has none open.
 * Must not claim to lead. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error_text.h"
#include "error.h"
#include "etcd_open.h"
#include "etcd_store.h"
#include "store/etcd/replica_step.h"

struct aside {
    char *prefix;
    struct members *members;
    struct etcd_replica *replica;
    struct buffer response;
    int64_t until_ms;
};

static void aside_close(struct aside *self)
{
    etcd_replica_destroy(self->replica);
    members_destroy(self->members);
    buffer_fini(&self->response);
    free(self->prefix);
}

static int aside_open(struct aside *self, const struct store_options *options, int64_t patience_ms,
                      char error[STORE_ERROR_SIZE])
{
    static const struct etcd_replica_options no_calls;

    *self = (struct aside){.until_ms = etcd_replica_now_ms() + patience_ms};
    self->members = etcd_open_members(options, -1, &self->prefix, error);
    if (self->members == NULL)
        return -1;
    self->replica = etcd_open_replica(&options->etcd, self->prefix, &no_calls);
    if (self->replica != NULL)
        return 0;
    aside_close(self);
    return store_error_set(error, errno, "etcd: %s", error_text(errno));
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* Asks the next question, and waits until it is due.  Returns -1 when the time is over. */
static int step(struct aside *self, enum etcd_event *event, char error[STORE_ERROR_SIZE])
{
    int64_t now_ms = etcd_replica_now_ms(), due_ms = etcd_replica_due_ms(self->replica);

    if (now_ms >= self->until_ms)
        return store_error_set(error, ETIMEDOUT, "%s", etcd_replica_error(self->replica));
    if (due_ms > now_ms)
        sleep_ms(due_ms < self->until_ms ? due_ms - now_ms : self->until_ms - now_ms);
    *event = etcd_replica_step(self->replica, members_caller(self->members), &self->response);
    return 0;
}

static void describe(struct store_leader *leader, const struct etcd_sight *sight)
{
    const struct etcd_leader *who = &sight->leader;

    *leader = (struct store_leader){
        .is_vacant = who->instance[0] == '\0',
        .revision = sight->leader_revision,
        .term = who->term,
        .takeover_ms = who->takeover_ms,
    };
    snprintf(leader->instance, sizeof leader->instance, "%s", who->instance);
    snprintf(leader->host, sizeof leader->host, "%s", who->host);
    snprintf(leader->listens, sizeof leader->listens, "%s", who->listens);
}

/* A replica's first question is a look, and there is no second one here. */
int store_etcd_look(const struct store_options *options, int64_t patience_ms,
                    struct store_leader *leader, char error[STORE_ERROR_SIZE])
{
    struct aside self;
    const struct etcd_sight *sight;
    enum etcd_event event;
    int result;

    if (aside_open(&self, options, patience_ms, error) != 0)
        return -1;
    sight = etcd_replica_sight(self.replica);
    do {
        result = step(&self, &event, error);
    } while (result == 0 && sight->revision == 0);
    if (result == 0 && sight->is_damaged)
        result = store_error_set(error, EUCLEAN, "%s", etcd_replica_error(self.replica));
    if (result == 0)
        describe(leader, sight);
    aside_close(&self);
    return result;
}

int store_etcd_resign(const struct store_options *options, int64_t patience_ms,
                      char error[STORE_ERROR_SIZE])
{
    struct aside self;
    enum etcd_event event = ETCD_EVENT_NONE;
    int result = aside_open(&self, options, patience_ms, error);

    if (result != 0)
        return -1;
    etcd_replica_resign(self.replica);
    while (result == 0 && event != ETCD_EVENT_RESIGNED)
        result = step(&self, &event, error);
    aside_close(&self);
    return result;
}
