/* What the store has becomes the table, and who it is about is looked after.
 * Must not open, close or judge the store. */
#include "state_restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "auth_grant.h"
#include "boot_watch.h"
#include "claim.h"
#include "context.h"
#include "events.h"
#include "lock/keep.h"
#include "lock/pools.h"
#include "membership.h"
#include "pools.h"
#include "state_note.h"
#include "timeline.h"
#include "unusable.h"

enum { SHOW_LIFE_EVERY = 1000 }; /* requests */

/* What is loaded, and where it goes. */
struct restoration {
    struct ipclocker_server *server;
    struct lock_table *table;
    struct unusable_list unusable;
};

static void restore_clock(void *context, const struct store_clock *clock)
{
    const struct restoration *restoration = context;

    timeline_take_up(restoration->server, clock);
}

static int restore_request(void *context, const struct lock_record *record)
{
    const struct restoration *restoration = context;
    struct lock_record moved = *record;

    timeline_translate(restoration->server, &moved);
    moved.ask.memberships =
        membership_of(restoration->server, moved.ask.user, &moved.ask.membership_count);
    return lock_table_restore(restoration->table, &moved) != NULL ? 0 : -1;
}

static int restore_unusable(void *context, const struct store_unusable *what)
{
    struct restoration *restoration = context;
    struct store_unusable moved = *what;

    moved.until_ms = timeline_translate_time(restoration->server, what->until_ms);
    return unusable_keep(&restoration->unusable, &moved);
}

/* What nobody may be given is known before anybody goes on. */
static void take_unusable(struct restoration *restoration)
{
    struct ipclocker_server *server = restoration->server;

    unusable_replace(&server->unusable, &restoration->unusable);
    unusable_apply(server, server->table);
}

static void replace_table(struct restoration *restoration)
{
    struct ipclocker_server *server = restoration->server;

    claim_destroy_all(server);
    boot_watch_stop_all(server);
    auth_grant_note_all(server, NULL);
    lock_table_destroy(server->table);
    server->table = restoration->table;
    pools_declared(server);
    take_unusable(restoration);
    auth_grant_note_all(server, server->table);
}

static struct lock_table *empty_table(struct ipclocker_server *server)
{
    struct lock_table *table = lock_table_create(events_on_table, server);

    if (table != NULL && pools_declare(server, table) == 0)
        return table;
    lock_table_destroy(table);
    return NULL;
}

void state_restore_forget(struct ipclocker_server *server)
{
    struct restoration restoration = {.server = server, .table = empty_table(server)};

    if (restoration.table != NULL)
        replace_table(&restoration);
}

int state_restore_load(struct ipclocker_server *server, char error[STORE_ERROR_SIZE])
{
    struct lock_table *table = empty_table(server);
    struct restoration restoration = {.server = server, .table = table};
    struct store_loader loader = {.context = &restoration,
                                  .on_clock = restore_clock,
                                  .on_unusable = restore_unusable,
                                  .on_request = restore_request};
    struct state *state = &server->state;

    if (table == NULL) {
        snprintf(error, STORE_ERROR_SIZE, "out of memory");
        errno = ENOMEM;
        return -1;
    }
    if (store_load(state->store, &loader, error) != 0) {
        unusable_forget(&restoration.unusable);
        lock_table_destroy(table);
        return -1;
    }
    /* What lies below a mount point, for example, while nothing is mounted there. */
    if (loader.next_token < state->least_token) {
        snprintf(error, STORE_ERROR_SIZE, "%s is older than what was there before", state->path);
        unusable_forget(&restoration.unusable);
        lock_table_destroy(table);
        errno = EEXIST;
        return -1;
    }
    state->least_token = loader.next_token;
    lock_table_set_counters(table, loader.next_ticket, loader.next_token);
    memcpy(state->host_before, loader.host, sizeof state->host_before);
    replace_table(&restoration);
    return 0;
}

/* The request's process cannot have outlived the boot that it ran in. */
static bool is_of_ended_boot(const struct lock_request *request, const char *ended_boot)
{
    return ended_boot != NULL && request->autounlock && request->process->boot != NULL &&
           strcmp(request->process->boot, ended_boot) == 0;
}

/* This machine has booted anew, for which it was kept.  Returns that it has ended with that. */
static bool has_booted(struct ipclocker_server *server, struct lock_request *request,
                       const char *ended_boot)
{
    return ended_boot != NULL && request->keeps && request->process->boot != NULL &&
           strcmp(request->process->boot, ended_boot) == 0 &&
           lock_table_booted(server->table, request, context_now_ms(server));
}

static void take_up(struct ipclocker_server *server, struct lock_request *request,
                    const char *ended_boot)
{
    if (has_booted(server, request, ended_boot))
        return;
    if (request->is_kept) {
        boot_watch_start(server, request);
        return;
    }
    if (is_of_ended_boot(request, ended_boot)) {
        context_log(server, LOG_NOTICE, "this machine has booted since: releasing what %s %s",
                    request->owner, request->state == LOCK_HELD ? "held" : "waited for");
        lock_table_end(server->table, request, LOCK_REASON_DEAD, context_now_ms(server));
    } else {
        claim_restore(server, request);
    }
}

/* All are taken up in one pass, within which the store would take a server that calls nothing for
 * one that hangs, and have another lead: there it would be the same. */
static void take_up_next(struct ipclocker_server *server, struct lock_request *request,
                         const char *ended_boot, size_t *count)
{
    if (server->state.confirms && ++*count % SHOW_LIFE_EVERY == 0)
        store_confirmed_ms(server->state.store);
    take_up(server, request, ended_boot);
}

void state_restore_take_up(struct ipclocker_server *server)
{
    struct lock_table *table = server->table;
    const char *ended_boot = boot_ended(server->state.host_before, server->state.host_now);
    struct lock_request *waiter = lock_table_next_waiter(table, NULL);
    const struct lock_seat *seat;
    size_t count = 0;

    lock_table_restored(table, context_now_ms(server));
    unusable_note_all(server);
    /* Nobody is granted anything meanwhile, as all that wait are absent: what is next stays. */
    while (waiter != NULL) {
        struct lock_request *next = lock_table_next_waiter(table, waiter);

        take_up_next(server, waiter, ended_boot, &count);
        waiter = next;
    }
    seat = lock_table_next_held(table, NULL);
    while (seat != NULL) {
        struct lock_request *holder = seat->request;

        while (seat != NULL && seat->request == holder)
            seat = lock_table_next_held(table, seat);
        take_up_next(server, holder, ended_boot, &count);
    }
}

void state_restore_begin_above_the_past(struct ipclocker_server *server)
{
    uint64_t above = (uint64_t)context_now_ms(server);
    struct store_batch *batch = state_note_batch(server);

    server->first_token = above;
    lock_table_set_counters(server->table, above, above);
    if (batch != NULL)
        store_batch_counters(batch, above, above);
}

void state_restore_begin_without_memory(struct ipclocker_server *server)
{
    if (server->first_token != 0)
        return;
    server->first_token = (uint64_t)server->started_ms;
    lock_table_set_counters(server->table, 1, server->first_token);
}
