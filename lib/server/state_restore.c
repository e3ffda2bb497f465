/* What the store has becomes the table, and who it is about is looked after.
 * Must not open, close or judge the store. */
#include "state_restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "claim.h"
#include "context.h"
#include "events.h"
#include "timeline.h"

/* What is loaded, and where it goes. */
struct restoration {
    struct ipclocker_server *server;
    struct lock_table *table;
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
    return lock_table_restore(restoration->table, &moved) != NULL ? 0 : -1;
}

int state_restore_load(struct ipclocker_server *server, char error[STORE_ERROR_SIZE])
{
    struct lock_table *table = lock_table_create(events_on_table, server);
    struct restoration restoration = {.server = server, .table = table};
    struct store_loader loader = {
        .context = &restoration, .on_clock = restore_clock, .on_request = restore_request};
    struct state *state = &server->state;

    if (table == NULL) {
        snprintf(error, STORE_ERROR_SIZE, "out of memory");
        errno = ENOMEM;
        return -1;
    }
    if (store_load(state->store, &loader, error) != 0) {
        lock_table_destroy(table);
        return -1;
    }
    /* What lies below a mount point, for example, while nothing is mounted there. */
    if (loader.next_token < state->least_token) {
        snprintf(error, STORE_ERROR_SIZE, "%s is older than what was there before", state->path);
        lock_table_destroy(table);
        errno = EEXIST;
        return -1;
    }
    state->least_token = loader.next_token;
    lock_table_set_counters(table, loader.next_ticket, loader.next_token);
    memcpy(state->host_before, loader.host, sizeof state->host_before);
    claim_destroy_all(server);
    lock_table_destroy(server->table);
    server->table = table;
    return 0;
}

/* The request's process cannot have outlived the boot that it ran in. */
static bool is_of_ended_boot(const struct lock_request *request, const char *ended_boot)
{
    return ended_boot != NULL && request->autounlock && request->process->boot != NULL &&
           strcmp(request->process->boot, ended_boot) == 0;
}

static void take_up(struct ipclocker_server *server, struct lock_request *request,
                    const char *ended_boot)
{
    if (is_of_ended_boot(request, ended_boot)) {
        context_log(server, LOG_NOTICE, "this machine has booted since: releasing what %s %s",
                    request->owner, request->state == LOCK_HELD ? "held" : "waited for");
        lock_table_end(server->table, request, LOCK_REASON_DEAD, context_now_ms(server));
    } else {
        claim_restore(server, request);
    }
}

void state_restore_take_up(struct ipclocker_server *server)
{
    struct lock_table *table = server->table;
    const char *ended_boot = boot_ended(server->state.host_before, server->state.host_now);
    struct lock_request *waiter = lock_table_next_waiter(table, NULL);
    const struct lock_seat *seat;

    /* Nobody is granted anything meanwhile, as all that wait are absent: what is next stays. */
    while (waiter != NULL) {
        struct lock_request *next = lock_table_next_waiter(table, waiter);

        take_up(server, waiter, ended_boot);
        waiter = next;
    }
    seat = lock_table_next_held(table, NULL);
    while (seat != NULL) {
        struct lock_request *holder = seat->request;

        while (seat != NULL && seat->request == holder)
            seat = lock_table_next_held(table, seat);
        take_up(server, holder, ended_boot);
    }
}
