/* Lines of the history, as clients are told of it.
 * Must not ask the store, nor tell a token. */
#include "history_text.h"

#include "base/ip_text.h"
#include "lock/pools.h"
#include "protocol/past.h"
#include "protocol/proof.h"
#include "protocol/reason.h"

_Static_assert((int)PAST_HOLD == (int)STORE_PAST_HOLD &&
                   (int)PAST_REFUSED == (int)STORE_PAST_REFUSED &&
                   (int)PAST_LEFT == (int)STORE_PAST_LEFT && (int)PAST_HOLE == (int)STORE_PAST_HOLE,
               "the kinds have the same order");

_Static_assert((int)REASON_NONE == (int)LOCK_REASON_NONE &&
                   (int)REASON_KEPT == (int)LOCK_REASON_KEPT,
               "the reasons have the same order");

static void add_number(struct buffer *out, int64_t number)
{
    buffer_add(out, " ", 1);
    buffer_add_number(out, number > 0 ? (uint64_t)number : 0);
}

static void add_word(struct buffer *out, const char *word)
{
    buffer_add(out, " ", 1);
    buffer_add_text(out, word != NULL ? word : "-");
}

static void add_asker(struct buffer *out, const struct lock_asker *asker)
{
    add_word(out, proof_word(asker->proof));
    if (asker->proof != LOCK_CLAIMED)
        add_number(out, asker->uid);
    else
        add_word(out, NULL);
}

/* Who it was, who took it away, and what reports go by. */
static void add_who(struct buffer *out, const struct store_history *entry)
{
    char peer[IP_TEXT_SIZE];

    ip_text_format(peer, entry->by.peer);
    buffer_add_text(out, "by");
    add_asker(out, &entry->asker);
    add_asker(out, &entry->by);
    add_word(out, peer[0] != '\0' ? peer : NULL);
    add_word(out, entry->by_name);
    if (entry->pool != NULL || entry->project != NULL || entry->shared) {
        add_word(out, entry->pool);
        add_word(out, entry->project);
    }
    if (entry->shared)
        add_word(out, "shared");
    buffer_add(out, "\n", 1);
}

/* What was granted together has one ticket; of others it is how many they are. */
static int64_t number_of(const struct store_history *entry)
{
    return (int64_t)(entry->past == STORE_PAST_HOLD ? entry->ticket : entry->token);
}

static void add(struct buffer *out, const struct store_history *entry, bool tells_who)
{
    const char *past = past_word(entry->past);

    if (past == NULL)
        return;
    buffer_add_text(out, "past ");
    buffer_add_text(out, past);
    add_word(out, reason_word(entry->reason));
    add_number(out, number_of(entry));
    add_number(out, entry->asked_ms);
    add_number(out, entry->granted_ms);
    add_number(out, entry->ended_ms);
    add_number(out, (int64_t)entry->pid);
    add_word(out, entry->owner);
    add_word(out, entry->host);
    add_word(out, entry->job);
    add_word(out, entry->lock);
    buffer_add(out, "\n", 1);
    if (tells_who && entry->past != STORE_PAST_HOLE)
        add_who(out, entry);
}

bool history_text_shows(const struct store_view *view, const struct lock_asker *whose)
{
    return !view->is_limited ||
           (view->is_known && whose->proof != LOCK_CLAIMED && whose->uid == view->uid);
}

void history_text_add(struct buffer *out, const struct store_history *entry,
                      const struct store_view *view, bool tells_who)
{
    struct store_history blank = *entry;

    /* A hole is nobody's, and everybody's reports lack what is missing. */
    if (entry->past == STORE_PAST_HOLE || history_text_shows(view, &entry->asker)) {
        add(out, entry, tells_who);
        return;
    }
    blank.owner = "-";
    blank.host = blank.job = blank.by_name = blank.project = NULL;
    blank.pid = blank.ticket = blank.token = 0;
    blank.asker = blank.by = (struct lock_asker){0};
    add(out, &blank, tells_who);
}

/* It has no end yet. */
void history_text_add_held(struct buffer *out, const struct lock_seat *seat,
                           const struct store_view *view, bool tells_who)
{
    const struct lock_request *request = seat->request;
    const struct pool_config *pool = lock_seat_pool(seat);
    const struct store_history entry = {
        .past = STORE_PAST_HOLD,
        .lock = lock_seat_name(seat),
        .owner = request->owner,
        .host = request->process->host,
        .job = request->process->job,
        .pool = pool != NULL ? pool->name : NULL,
        .project = pool_project(pool, request->process->project),
        .shared = seat->is_shared,
        .pid = request->process->pid,
        .asker = request->asker,
        .ticket = request->ticket,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
    };

    history_text_add(out, &entry, view, tells_who);
}
