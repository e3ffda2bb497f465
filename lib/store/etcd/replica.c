/* Of a replica: what is asked next, and whose an answer is.
 * Must not block, nor ask for the time. */
#include "replica.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replica_base.h"
#include "replica_glance.h"
#include "replica_lead.h"
#include "replica_read.h"
#include "replica_stand.h"
#include "replica_watch.h"

/* beginning and end */

static bool is_name(const char *text, size_t size)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (iscntrl((unsigned char)*at))
            return false;
    }
    return strlen(text) < size;
}

static bool are_options_good(const struct etcd_replica_options *options)
{
    const struct etcd_leader *who = &options->who;
    size_t len = strlen(options->prefix);

    return is_name(options->prefix, REPLICA_PREFIX_MOST + 1) && len > 0 &&
           options->prefix[len - 1] == '/' && is_name(options->machine, ETCD_NAME_SIZE - 2) &&
           is_name(who->instance, ETCD_ID_SIZE) && who->instance[0] != '\0' &&
           is_name(who->cluster, ETCD_ID_SIZE) && is_name(who->host, ETCD_NAME_SIZE) &&
           is_name(who->listens, ETCD_LISTENS_SIZE) && is_name(who->version, ETCD_NAME_SIZE) &&
           who->takeover_ms >= 10;
}

struct etcd_replica *etcd_replica_create(const struct etcd_replica_options *options)
{
    struct etcd_replica *self;

    if (!are_options_good(options)) {
        errno = EINVAL;
        return NULL;
    }
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->who = options->who;
    self->on_row = options->on_row;
    self->on_history = options->on_history;
    self->wall_ms = options->wall_ms;
    self->context = options->context;
    self->compacts = options->compacts;
    self->watches = options->watches;
    memcpy(self->prefix, options->prefix, strlen(options->prefix));
    memcpy(self->machine, options->machine, strlen(options->machine));
    buffer_add_text(&self->boot, options->boot);
    self->claim.instance = self->who.instance;
    self->claim.takeover_ms = self->who.takeover_ms;
    self->claim.hesitation_ms =
        (int64_t)(options->random % (uint64_t)(self->who.takeover_ms / 10 + 1));
    self->claim.mark = options->mark;
    self->claim.accepts = options->accepts;
    replica_stand_by(self, INT64_MIN, 0);
    if (self->boot.failed) {
        etcd_replica_destroy(self);
        errno = ENOMEM;
        return NULL;
    }
    return self;
}

void etcd_replica_destroy(struct etcd_replica *self)
{
    int saved = errno;

    if (self == NULL)
        return;
    buffer_fini(&self->boot);
    buffer_fini(&self->text);
    buffer_fini(&self->request);
    buffer_fini(&self->change.request);
    buffer_fini(&self->rows.from);
    free(self);
    errno = saved;
}

/* what is asked next */

static bool is_before(int64_t time_ms, int64_t now_ms)
{
    return time_ms <= now_ms;
}

static bool is_to_copy(const struct etcd_replica *self, int64_t now_ms)
{
    return self->wants_history && is_before(self->history_at_ms, now_ms);
}

/* Who is never idle compacts, copies and watches, too: before a change of which no copy is under
 * way. Where one comes to no end, a watch may show why. */
static enum replica_topic topic_between_changes(const struct etcd_replica *self, int64_t now_ms)
{
    bool is_sent = self->change.is_there && self->change.first_ms >= 0;

    if (self->is_to_compact && !is_sent)
        return REPLICA_COMPACT;
    if (is_to_copy(self, now_ms) && !self->history_waits && !is_sent && !self->rows.is_wanted &&
        !is_before(self->heartbeat_at_ms, now_ms))
        return REPLICA_HISTORY;
    if (self->rows.is_wanted || (is_sent && self->unanswered <= REPLICA_UNKNOWN_AT_ONCE))
        return REPLICA_NOTHING;
    return replica_watch_topic(self, now_ms);
}

static enum replica_topic topic_of_leader(const struct etcd_replica *self, int64_t now_ms)
{
    enum replica_topic between = topic_between_changes(self, now_ms);

    if (between != REPLICA_NOTHING)
        return between;
    if (self->change.is_there || is_before(self->heartbeat_at_ms, now_ms))
        return REPLICA_CHANGE;
    if (is_to_copy(self, now_ms))
        return REPLICA_HISTORY;
    return self->rows.is_wanted ? REPLICA_ROWS : REPLICA_NOTHING;
}

static enum replica_topic next_topic(const struct etcd_replica *self, int64_t now_ms)
{
    if (self->resigns)
        return self->resigned_epoch != 0 ? REPLICA_RESIGN : REPLICA_LOOK;
    if (self->role == REPLICA_LEADS)
        return topic_of_leader(self, now_ms);
    if (self->role == REPLICA_CLAIMS)
        return REPLICA_LOOK;
    if (self->is_to_claim)
        return REPLICA_CLAIM;
    if (self->is_to_glance)
        return REPLICA_GLANCE;
    if (is_before(self->look_at_ms, now_ms))
        return REPLICA_LOOK;
    if (self->failed_looks > 0)
        return REPLICA_NOTHING; /* nothing is to be under way when the next one is due */
    return is_to_copy(self, now_ms) ? REPLICA_HISTORY : replica_watch_topic(self, now_ms);
}

static int prepare(struct etcd_replica *self, enum replica_topic topic)
{
    switch (topic) {
    case REPLICA_LOOK:
        return replica_look_ask(self);
    case REPLICA_GLANCE:
        return replica_glance_ask(self);
    case REPLICA_CLAIM:
        return replica_claim_ask(self);
    case REPLICA_RESIGN:
        return replica_resign_ask(self);
    case REPLICA_CHANGE:
        return self->change.is_there ? 0 : replica_change_prepare(self, NULL, false);
    case REPLICA_ROWS:
        return replica_rows_ask(self);
    case REPLICA_HISTORY:
        return replica_history_ask(self);
    case REPLICA_COMPACT:
        return replica_compact_ask(self);
    case REPLICA_STATUS:
    case REPLICA_SHOW:
    case REPLICA_STANDBYS:
    case REPLICA_TIDY:
        return replica_watch_ask(self, topic);
    case REPLICA_NOTHING:
        break;
    }
    return -1;
}

static void compose(struct etcd_replica *self, struct etcd_question *question)
{
    bool is_change = self->topic == REPLICA_CHANGE;

    question->request = is_change ? &self->change.request : &self->request;
    switch (self->topic) {
    case REPLICA_CLAIM:
    case REPLICA_RESIGN:
    case REPLICA_CHANGE:
        question->method = ETCD_TXN;
        question->timeout_ms =
            question->request->len > REPLICA_LONG_BYTES ? REPLICA_LONG_CALL_MS : REPLICA_CALL_MS;
        break;
    case REPLICA_COMPACT:
        question->method = ETCD_COMPACT;
        question->timeout_ms = REPLICA_CALL_MS;
        break;
    case REPLICA_STATUS:
    case REPLICA_SHOW:
    case REPLICA_STANDBYS:
    case REPLICA_TIDY:
        question->method = replica_watch_method(self->topic);
        question->timeout_ms = replica_watch_timeout_ms(self);
        break;
    case REPLICA_HISTORY:
        question->method = ETCD_RANGE;
        question->timeout_ms = self->role == REPLICA_LEADS ? replica_watch_timeout_ms(self)
                                                           : replica_patience_ms(self);
        break;
    case REPLICA_LOOK:
    case REPLICA_GLANCE:
        question->method = ETCD_RANGE;
        question->timeout_ms = replica_look_timeout_ms(self);
        break;
    default:
        question->method = ETCD_RANGE;
        question->timeout_ms = replica_patience_ms(self);
    }
}

bool etcd_replica_ask(struct etcd_replica *self, int64_t now_ms, struct etcd_question *question)
{
    enum replica_topic topic = next_topic(self, now_ms);

    if (self->topic != REPLICA_NOTHING || topic == REPLICA_NOTHING ||
        !is_before(self->not_before_ms, now_ms))
        return false;
    if (prepare(self, topic) != 0) {
        snprintf(self->error, sizeof self->error, "%s", strerror(errno));
        replica_pause(self, now_ms, REPLICA_REFUSED_PAUSE_MS);
        return false;
    }
    self->topic = topic;
    self->sent_ms = now_ms;
    if (topic == REPLICA_CHANGE && self->change.first_ms < 0)
        self->change.first_ms = now_ms;
    compose(self, question);
    return true;
}

int64_t etcd_replica_due_ms(const struct etcd_replica *self)
{
    int64_t due_ms = INT64_MIN;

    if (next_topic(self, INT64_MIN) != REPLICA_NOTHING)
        return self->not_before_ms;
    due_ms = self->role == REPLICA_LEADS ? self->heartbeat_at_ms : self->look_at_ms;
    if (self->role == REPLICA_LEADS || self->failed_looks == 0) {
        if (self->watches && !self->rows.is_wanted && self->watch_at_ms < due_ms)
            due_ms = self->watch_at_ms;
        if (self->wants_history && self->history_at_ms < due_ms)
            due_ms = self->history_at_ms;
    }
    return due_ms > self->not_before_ms ? due_ms : self->not_before_ms;
}

/* whose an answer is */

static void note_outcome(struct etcd_replica *self, int64_t now_ms, enum etcd_outcome outcome,
                         const struct etcd_error *error)
{
    self->unanswered = outcome == ETCD_UNKNOWN ? self->unanswered + 1 : 0;
    if (outcome == ETCD_ANSWERED)
        return;
    snprintf(self->error, sizeof self->error, "%s",
             error != NULL && error->text[0] != '\0' ? error->text : "etcd does not answer");
    if (outcome == ETCD_REFUSED)
        replica_pause(self, now_ms, REPLICA_REFUSED_PAUSE_MS);
    else if (self->unanswered > REPLICA_UNKNOWN_AT_ONCE)
        replica_pause(self, now_ms, REPLICA_UNKNOWN_PAUSE_MS);
}

enum etcd_event etcd_replica_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response,
                                  const struct etcd_error *error)
{
    enum replica_topic topic = self->topic;

    self->topic = REPLICA_NOTHING;
    note_outcome(self, now_ms, outcome, error);
    switch (topic) {
    case REPLICA_LOOK:
        return replica_look_hear(self, now_ms, outcome, response);
    case REPLICA_GLANCE:
        return replica_glance_hear(self, now_ms, outcome, response);
    case REPLICA_CLAIM:
        return replica_claim_hear(self, now_ms, outcome, response);
    case REPLICA_RESIGN:
        return replica_resign_hear(self, now_ms, outcome, response);
    case REPLICA_CHANGE:
        return replica_change_hear(self, now_ms, outcome, response);
    case REPLICA_ROWS:
        return replica_rows_hear(self, now_ms, outcome, response,
                                 error != NULL ? error->code : ETCD_CODE_NONE);
    case REPLICA_HISTORY:
        return replica_history_hear(self, now_ms, outcome, response);
    case REPLICA_COMPACT:
        replica_compact_hear(self, now_ms);
        break;
    case REPLICA_STATUS:
    case REPLICA_SHOW:
    case REPLICA_STANDBYS:
    case REPLICA_TIDY:
        return replica_watch_hear(self, now_ms, topic, outcome, response);
    case REPLICA_NOTHING:
        break;
    }
    return ETCD_EVENT_NONE;
}

const char *etcd_replica_error(const struct etcd_replica *self)
{
    return self->error;
}

/* what the driver wants */

bool etcd_replica_leads(const struct etcd_replica *self)
{
    return self->role == REPLICA_LEADS;
}

bool etcd_replica_is_ready(const struct etcd_replica *self)
{
    return self->role == REPLICA_LEADS && !self->change.is_there && !self->resigns &&
           self->topic == REPLICA_NOTHING;
}

void etcd_replica_count(struct etcd_replica *self, const struct etcd_counters *counters)
{
    struct etcd_counters *own = &self->counters;

    own->next_ticket = replica_greater(own->next_ticket, counters->next_ticket);
    own->next_token = replica_greater(own->next_token, counters->next_token);
    if (own->now_ms < counters->now_ms)
        own->now_ms = counters->now_ms;
}

struct etcd_counters etcd_replica_counters(const struct etcd_replica *self)
{
    return self->counters;
}

int etcd_replica_commit(struct etcd_replica *self, const struct etcd_txn *changes)
{
    assert(etcd_replica_is_ready(self));
    if (changes != NULL && !etcd_txn_fits(changes)) {
        errno = etcd_txn_ran_out_of_memory(changes) ? ENOMEM : E2BIG;
        return -1;
    }
    return replica_change_prepare(self, changes, true);
}

void etcd_replica_load(struct etcd_replica *self)
{
    if (self->role == REPLICA_LEADS)
        replica_rows_begin(self);
}

void etcd_replica_hold_heartbeat(struct etcd_replica *self, int64_t until_ms)
{
    if (self->heartbeat_at_ms < until_ms)
        self->heartbeat_at_ms = until_ms;
}

uint64_t etcd_replica_history_number(const struct etcd_replica *self)
{
    return self->history;
}

void etcd_replica_read_history(struct etcd_replica *self, uint64_t after)
{
    self->wants_history = true;
    self->history_at_ms = INT64_MIN;
    self->history_after = after;
}

void etcd_replica_resign(struct etcd_replica *self)
{
    self->resigns = true;
    self->resigned_epoch = self->role == REPLICA_LEADS ? self->epoch : 0;
    self->change.is_there = false;
    self->rows.is_wanted = false;
}

const struct etcd_sight *etcd_replica_sight(const struct etcd_replica *self)
{
    return &self->sight;
}

const struct etcd_watch *etcd_replica_watch(const struct etcd_replica *self)
{
    return &self->watch;
}

struct etcd_mark etcd_replica_mark(const struct etcd_replica *self)
{
    return self->claim.mark;
}

int64_t etcd_replica_confirmed_ms(const struct etcd_replica *self)
{
    return atomic_load(&self->confirmed_ms);
}
