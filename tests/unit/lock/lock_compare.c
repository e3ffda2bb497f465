/* The lock table held against its model, and against what any lock table must keep to.
 * Must not look into lib/lock/types.h, nor change anything. */
#include "lock_compare.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/keep.h"
#include "lock/pools.h"

void play_fail(const struct play *play, const char *what, const char *file, int line)
{
    char text[PLAY_TEXT];

    operation_describe(&play->operation, text);
    fail_msg("FARMLOCK_SEED=%" PRIu64 " step %" PRIu64 ", %s: not so at %s:%d: %s", play->seed,
             play->step, text, file, line, what);
    abort(); /* fail_msg() has jumped away, but does not say so */
}

int play_name_number(const char *name)
{
    for (int i = 0; name != NULL && i < MODEL_NAMES; i++)
        if (strcmp(play_names[i], name) == 0)
            return i;
    return MODEL_NOBODY;
}

static void compare_events(const struct play *play)
{
    EXPECT(play, play->event_count == play->model.event_count);
    for (int i = 0; i < play->event_count; i++) {
        const struct model_event *event = &play->events[i], *wanted = &play->model.events[i];

        EXPECT(play, event->kind == wanted->kind);
        EXPECT(play, event->reason == wanted->reason);
        EXPECT(play, event->state == wanted->state);
        EXPECT(play, event->ticket == wanted->ticket);
        EXPECT(play, event->token == wanted->token);
        EXPECT(play, event->name == wanted->name);
    }
}

static bool is_text(const char *text, const char *const *texts, int number)
{
    return number < 0 ? text == NULL : text != NULL && strcmp(text, texts[number]) == 0;
}

static void compare_terms(const struct play *play, const struct lock_request *request,
                          const struct model_ask *ask)
{
    EXPECT(play, is_text(request->owner, play_owners, ask->owner));
    EXPECT(play, is_text(request->process->host, play_hosts, ask->host));
    EXPECT(play, is_text(request->process->boot, play_boots, ask->boot));
    EXPECT(play, is_text(request->process->job, play_jobs, ask->job));
    EXPECT(play, request->process->pid == (uint64_t)ask->pid);
    EXPECT(play, request->process->start == (uint64_t)ask->start);
    EXPECT(play, request->process->pid_namespace == (uint64_t)ask->pid_namespace);
    EXPECT(play, request->autounlock == ask->autounlock);
    EXPECT(play, request->hold_ms == ask->hold_ms);
}

static void compare_seats(const struct play *play, const struct lock_request *request,
                          const struct model_request *wanted)
{
    size_t full = 0;

    EXPECT(play, request->seat_count == (size_t)wanted->seat_count);
    for (int i = 0; i < wanted->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];
        const struct model_seat *model_seat = &wanted->seats[i];

        EXPECT(play, seat->request == request);
        EXPECT(play, seat->state == model_seat->state);
        EXPECT(play, seat->is_kept == model_seat->is_kept);
        EXPECT(play, seat->group == (uint32_t)model_seat->group);
        EXPECT(play, play_name_number(lock_seat_name(seat)) ==
                         (model_seat->named ? model_seat->name : MODEL_NOBODY));
    }
    EXPECT(play, request->group_count == (size_t)wanted->ask.group_count);
    for (int g = 0; g < wanted->ask.group_count; g++) {
        EXPECT(play, request->groups[g].needed == (size_t)wanted->ask.groups[g].count);
        EXPECT(play, request->groups[g].taken == (size_t)model_taken(wanted, g));
        full += request->groups[g].taken == request->groups[g].needed;
    }
    EXPECT(play, request->full_groups == full);
    EXPECT(play, request->held_count == (size_t)model_held_seats(wanted));
}

static void compare_keep(const struct play *play, const struct lock_request *request,
                         const struct model_request *wanted)
{
    struct lock_keep_state keep;

    EXPECT(play, lock_table_keep(play->table, request, &keep) == wanted->keeps);
    EXPECT(play, request->keeps == wanted->keeps);
    if (!wanted->keeps)
        return;
    EXPECT(play, keep.keep_ms == wanted->ask.keep_ms);
    EXPECT(play, keep.until_boot == wanted->ask.until_boot);
    EXPECT(play, keep.until_ms == wanted->keep_until_ms);
}

static void compare_request(const struct play *play, const struct lock_request *request,
                            const struct model_request *wanted)
{
    EXPECT(play, request->ticket == wanted->ticket);
    EXPECT(play, request->state == wanted->state);
    EXPECT(play, request->token == wanted->token);
    EXPECT(play, request->present == wanted->present);
    EXPECT(play, request->away == wanted->away);
    EXPECT(play, request->asked_ms == wanted->asked_ms);
    EXPECT(play, request->granted_ms == wanted->granted_ms);
    EXPECT(play, request->deadline_ms == wanted->deadline_ms);
    EXPECT(play, request->is_kept == model_is_done(wanted));
    compare_keep(play, request, wanted);
    EXPECT(play, request->user_data == play);
    compare_terms(play, request, &wanted->ask);
    compare_seats(play, request, wanted);
}

static uint64_t ticket_of(const struct lock_request *request)
{
    return request != NULL ? request->ticket : 0;
}

static uint64_t model_ticket_of(const struct model_request *request)
{
    return request != NULL ? request->ticket : 0;
}

static void compare_waiters(struct play *play)
{
    struct lock_request *request = NULL;
    size_t count = 0;

    for (int i = 0; i < play->model.request_count; i++) {
        const struct model_request *wanted = &play->model.requests[i];
        const char *name = NULL;
        int wanted_name = MODEL_NOBODY;

        if (wanted->state != LOCK_WAITING)
            continue;
        count++;
        request = lock_table_next_waiter(play->table, request);
        EXPECT(play, request != NULL);
        compare_request(play, request, wanted);
        EXPECT(play,
               lock_table_position(play->table, request) == model_position(&play->model, wanted));
        EXPECT(play, ticket_of(lock_table_blocker(play->table, request, &name)) ==
                         model_ticket_of(model_blocker(&play->model, wanted, &wanted_name)));
        EXPECT(play, play_name_number(name) == wanted_name);
    }
    EXPECT(play, lock_table_next_waiter(play->table, request) == NULL);
    EXPECT(play, lock_table_waiter_count(play->table) == count);
}

/* The next one that holds a lock with others. */
static const struct model_request *next_sharer(const struct model *model,
                                               const struct model_request *last, int name)
{
    while (++last < model->requests + model->request_count)
        if (last->state == LOCK_HELD && model_has(last, name))
            return last;
    return NULL;
}

static void compare_held(struct play *play)
{
    const struct lock_seat *seat = NULL;
    size_t count = 0;

    for (int name = 0; name < MODEL_NAMES; name++) {
        const struct model_request *wanted = model_holder(&play->model, name);
        const struct lock_request *holder = lock_table_holder(play->table, play_names[name]);

        EXPECT(play, ticket_of(holder) == model_ticket_of(wanted));
        for (; wanted != NULL; wanted = next_sharer(&play->model, wanted, name)) {
            count++;
            seat = lock_table_next_held(play->table, seat);
            EXPECT(play, seat != NULL && play_name_number(lock_seat_name(seat)) == name);
            EXPECT(play, seat->request == holder);
            EXPECT(play,
                   !model_shares(wanted, name) ||
                       lock_table_held_behind(play->table, play_names[name], holder->ticket - 1)
                               ->request == holder);
            compare_request(play, holder, wanted);
            EXPECT(play, lock_table_position(play->table, holder) == 0);
            EXPECT(play, lock_table_blocker(play->table, holder, NULL) == NULL);
            holder = lock_table_next_holder(play->table, play_names[name], holder);
        }
        EXPECT(play, holder == NULL);
    }
    EXPECT(play, lock_table_next_held(play->table, seat) == NULL);
    EXPECT(play, lock_table_held_count(play->table) == count);
}

static void compare_names(struct play *play)
{
    size_t known = 0;

    for (int name = 0; name < MODEL_NAMES; name++) {
        bool is_known = play->model.offline[name] || model_holder(&play->model, name) != NULL;

        EXPECT(play, lock_table_queue_length(play->table, play_names[name]) ==
                         model_queue_length(&play->model, name));
        for (int owner = 0; owner < MODEL_OWNERS; owner++) {
            const struct model_request *wanted = model_find(&play->model, owner, name);

            is_known |= wanted != NULL;
            EXPECT(play, ticket_of(lock_table_find(play->table, play_owners[owner],
                                                   play_names[name])) == model_ticket_of(wanted));
        }
        known += is_known;
    }
    EXPECT(play, lock_table_name_count(play->table) == known);
    EXPECT(play, lock_table_next_deadline(play->table) == model_next_deadline(&play->model));
}

void play_compare(struct play *play)
{
    compare_events(play);
    compare_waiters(play);
    compare_held(play);
    compare_names(play);
}

/* Who has a lock; of several readers that with the highest ticket. */
struct takers {
    const struct lock_request *of[MODEL_NAMES];
    bool is_shared[MODEL_NAMES];
};

static void note_taker(const struct play *play, struct takers *takers, const struct lock_seat *seat)
{
    int name = play_name_number(lock_seat_name(seat));
    const struct lock_request **taker = &takers->of[name];

    /* No lock has two owners, but for readers. */
    EXPECT(play, *taker == NULL || (takers->is_shared[name] && seat->is_shared));
    takers->is_shared[name] = seat->is_shared;
    if (*taker == NULL || (*taker)->ticket < seat->request->ticket)
        *taker = seat->request;
}

static void note_takers(const struct play *play, struct takers *takers)
{
    const struct lock_request *request = NULL;
    const struct lock_seat *seat = NULL;

    while ((seat = lock_table_next_held(play->table, seat)) != NULL)
        note_taker(play, takers, seat);
    while ((request = lock_table_next_waiter(play->table, request)) != NULL) {
        for (size_t i = 0; i < request->seat_count; i++) {
            if (request->seats[i].state == LOCK_SEAT_PROMISED)
                note_taker(play, takers, &request->seats[i]);
        }
    }
}

/* Whether somebody who does not share a lock waits for it, with a lower ticket. */
static bool waits_behind_writer(const struct play *play, const struct lock_seat *reader)
{
    const struct lock_request *request = NULL;

    while ((request = lock_table_next_waiter(play->table, request)) != reader->request) {
        for (size_t i = 0; i < request->seat_count; i++) {
            const struct lock_seat *seat = &request->seats[i];

            if (seat->state == LOCK_SEAT_QUEUED && !seat->is_shared &&
                strcmp(lock_seat_name(seat), lock_seat_name(reader)) == 0)
                return true;
        }
    }
    return false;
}

static bool has_promise(const struct lock_request *request)
{
    for (size_t i = 0; i < request->seat_count; i++)
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            return true;
    return false;
}

/* Only who has been away, or was robbed by one that had, can find that somebody who came later
 * holds what it wants. */
static bool missed_some(const struct play *play, const struct lock_request *request)
{
    for (int i = 0; i < play->model.request_count; i++)
        if (play->model.requests[i].ticket == request->ticket)
            return play->model.requests[i].missed_some;
    return false;
}

void play_check_properties(const struct play *play)
{
    struct takers takers = {.of = {NULL}};
    const struct lock_request *request = NULL;

    note_takers(play, &takers);
    while ((request = lock_table_next_waiter(play->table, request)) != NULL) {
        bool wants = false;

        for (size_t i = 0; i < request->seat_count; i++) {
            const struct lock_seat *seat = &request->seats[i];
            int name = play_name_number(lock_seat_name(seat));
            const struct lock_request *taker = takers.of[name];

            if (seat->state != LOCK_SEAT_QUEUED)
                continue;
            wants = true;
            EXPECT(play, taker == NULL || !play->model.offline[name] || taker->state == LOCK_HELD);
            if (play->model.offline[name])
                continue;
            EXPECT(play, taker != NULL); /* nothing that is wanted lies idle */
            EXPECT(play, !seat->is_shared || !takers.is_shared[name] ||
                             waits_behind_writer(play, seat)); /* nor what could be shared */
            EXPECT(play, taker->ticket < request->ticket ||    /* first come, first served */
                             (taker->state == LOCK_HELD && missed_some(play, request)));
            /* Nobody blocks himself, but by what he is done with. */
            EXPECT(play, strcmp(taker->owner, request->owner) != 0 || taker->keeps);
        }
        EXPECT(play, wants || !request->present); /* who has all it wants is granted it */
        EXPECT(play, !request->away || (!wants && !has_promise(request))); /* nor is in the way */
    }
}
