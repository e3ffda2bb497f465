/* Adds up what users hold and wait for.
 * Must not keep a pointer into the table from one call to the next. */
#include "user_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exposition.h"
#include "lock/table.h"
#include "protocol/owner_name.h"
#include "server/figures.h"
#include "server/onlooker.h"

enum {
    USERS_MOST = 10000, /* a stranger may invent any number */
    ENTRIES_A_LOOK = 16,
    EVERY_MS = 5000,
};

struct user {
    struct tree_node node;
    const char *name;
    uint64_t held, waiting;
    char text[];
};

static int compare_names(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct user, node)->name,
                  tree_entry(b, const struct user, node)->name);
}

static struct user *create(struct user_metrics *metrics, const char *name)
{
    size_t size = strlen(name) + 1;
    struct user *user = NULL;

    if (tree_count(&metrics->users) < USERS_MOST)
        user = calloc(1, sizeof *user + size);
    if (user == NULL)
        return NULL;
    memcpy(user->text, name, size);
    user->name = user->text;
    tree_insert(&metrics->users, &user->node);
    return user;
}

static const char *user_of(const struct user_metrics *metrics, const struct lock_request *request)
{
    const char *known = request->process->user;

    if (metrics->is_hidden)
        return "-";
    if (known == NULL)
        known = owner_name_user(request->owner);
    return known != NULL ? known : "-";
}

static void count(struct user_metrics *metrics, const struct lock_request *request, bool is_held)
{
    const struct user probe = {.name = user_of(metrics, request)};
    struct tree_node *found = tree_find(&metrics->users, &probe.node);
    struct user *user =
        found != NULL ? tree_entry(found, struct user, node) : create(metrics, probe.name);

    if (is_held)
        ++*(user != NULL ? &user->held : &metrics->others_held);
    else
        ++*(user != NULL ? &user->waiting : &metrics->others_waiting);
}

static bool keep_name(struct user_metrics *metrics, const char *name)
{
    free(metrics->name);
    metrics->name = strdup(name);
    metrics->failed |= metrics->name == NULL;
    return metrics->name != NULL;
}

/* Each returns whether it has come to the end of its time, and not of what there is. */
static bool see_held(struct user_metrics *metrics, const struct lock_table *table, int64_t until_us)
{
    const struct lock_seat *seat = lock_table_held_behind(
        table, metrics->name != NULL ? metrics->name : "", metrics->held_ticket);

    for (size_t seen = 1; seat != NULL; seen++) {
        count(metrics, seat->request, true);
        if (seen % ENTRIES_A_LOOK == 0 && clock_now_us() >= until_us) {
            metrics->held_ticket = seat->request->ticket;
            return keep_name(metrics, lock_seat_name(seat));
        }
        seat = lock_table_next_held(table, seat);
    }
    metrics->sees_waiters = true;
    return false;
}

static bool see_waiters(struct user_metrics *metrics, const struct lock_table *table,
                        int64_t until_us)
{
    const struct lock_request *waiter = lock_table_waiter_behind(table, metrics->ticket);

    for (size_t seen = 1; waiter != NULL; seen++) {
        count(metrics, waiter, false);
        if (seen % ENTRIES_A_LOOK == 0 && clock_now_us() >= until_us) {
            metrics->ticket = waiter->ticket;
            return true;
        }
        waiter = lock_table_next_waiter(table, waiter);
    }
    return false;
}

static int compare_shares(const void *a, const void *b)
{
    const struct user *const *left = a, *const *right = b;
    uint64_t left_all = (*left)->held + (*left)->waiting;
    uint64_t right_all = (*right)->held + (*right)->waiting;

    if (left_all != right_all)
        return left_all > right_all ? -1 : 1;
    return strcmp((*left)->name, (*right)->name);
}

static void forget_shown(struct user_metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++)
        free(metrics->shown[i].name);
    metrics->count = 0;
}

static void forget_walk(struct user_metrics *metrics)
{
    struct tree_node *first;

    while ((first = tree_first(&metrics->users)) != NULL) {
        tree_remove(&metrics->users, first);
        free(tree_entry(first, struct user, node));
    }
    free(metrics->name);
    metrics->name = NULL;
    metrics->held_ticket = metrics->ticket = 0;
    metrics->others_held = metrics->others_waiting = 0;
    metrics->sees_waiters = false;
}

static void show(struct user_metrics *metrics, const char *name, uint64_t held, uint64_t waiting)
{
    struct user_metrics_shown *shown = &metrics->shown[metrics->count];

    *shown = (struct user_metrics_shown){strdup(name), held, waiting};
    metrics->failed |= shown->name == NULL;
    metrics->count += shown->name != NULL;
}

/* Those with most first; what is left of them is one sample. */
static void show_all(struct user_metrics *metrics)
{
    size_t users = tree_count(&metrics->users), at = 0;
    const struct user **order = calloc(users + 1, sizeof(struct user *));

    forget_shown(metrics);
    metrics->failed |= order == NULL;
    if (order == NULL)
        return;
    for (struct tree_node *node = tree_first(&metrics->users); node != NULL;
         node = tree_next(&metrics->users, node))
        order[at++] = tree_entry(node, const struct user, node);
    if (users > 0)
        qsort(order, users, sizeof(struct user *), compare_shares);
    for (at = 0; at < users && at < USER_METRICS_SHOWN; at++)
        show(metrics, order[at]->name, order[at]->held, order[at]->waiting);
    for (; at < users; at++) {
        metrics->others_held += order[at]->held;
        metrics->others_waiting += order[at]->waiting;
    }
    free(order);
    if (metrics->others_held + metrics->others_waiting > 0)
        show(metrics, "(others)", metrics->others_held, metrics->others_waiting);
}

bool user_metrics_gather(struct user_metrics *metrics, const struct ipclocker_server *server,
                         int64_t until_us)
{
    const struct lock_table *table = figures_table(server);

    if (clock_now_ms() < metrics->next_ms)
        return true;
    metrics->users.compare = compare_names;
    metrics->is_hidden = onlooker_sees_nobody(server);
    if (metrics->name == NULL && metrics->ticket == 0)
        metrics->failed = false;
    if (!metrics->sees_waiters && see_held(metrics, table, until_us))
        return false;
    if (see_waiters(metrics, table, until_us))
        return false;
    show_all(metrics);
    forget_walk(metrics);
    metrics->next_ms = clock_now_ms() + EVERY_MS;
    return true;
}

static void add_family(const struct user_metrics *metrics, struct exposition *to, const char *name,
                       const char *help, bool is_held)
{
    exposition_begin(to, name, EXPOSITION_GAUGE, NULL, help);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct exposition_label label = {"user", metrics->shown[i].name};

        exposition_add(to, &label, 1, is_held ? metrics->shown[i].held : metrics->shown[i].waiting);
    }
}

int user_metrics_write(const struct user_metrics *metrics, struct exposition *to)
{
    add_family(metrics, to, "lockerd_user_held", "Locks that a user holds.", true);
    add_family(metrics, to, "lockerd_user_waiting", "Requests of a user that wait.", false);
    return metrics->failed ? -1 : 0;
}

void user_metrics_fini(struct user_metrics *metrics)
{
    forget_walk(metrics);
    forget_shown(metrics);
    *metrics = (struct user_metrics){0};
}
