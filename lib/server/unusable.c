/* Locks and seats that nobody is given, as they are offline or in use elsewhere.
 * Must not judge who may say so. */
#include "unusable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "context.h"
#include "lock/pools.h"
#include "state_note.h"

struct unusable {
    LIST_ENTRY(unusable) all;
    struct store_unusable what; /* whose strings stand behind it */
    char text[];
};

static struct unusable *create(const struct store_unusable *what)
{
    size_t name_size = strlen(what->name) + 1;
    size_t reason_size = what->reason != NULL ? strlen(what->reason) + 1 : 0;
    struct unusable *it = malloc(sizeof *it + name_size + reason_size);

    if (it == NULL)
        return NULL;
    it->what = *what;
    it->what.name = memcpy(it->text, what->name, name_size);
    if (what->reason != NULL)
        it->what.reason = memcpy(it->text + name_size, what->reason, reason_size);
    return it;
}

static struct unusable *find(const struct unusable_list *list, enum store_unusable_kind kind,
                             const char *name)
{
    struct unusable *it;

    LIST_FOREACH(it, list, all)
    {
        if (it->what.kind == kind && strcmp(it->what.name, name) == 0)
            return it;
    }
    return NULL;
}

static void forget(struct unusable *it)
{
    LIST_REMOVE(it, all);
    free(it);
}

int unusable_keep(struct unusable_list *list, const struct store_unusable *what)
{
    struct unusable *it = create(what);

    if (it == NULL) {
        errno = ENOMEM;
        return -1;
    }
    LIST_INSERT_HEAD(list, it, all);
    return 0;
}

void unusable_forget(struct unusable_list *list)
{
    while (!LIST_EMPTY(list))
        forget(LIST_FIRST(list)); /* NOLINT(clang-analyzer-unix.Malloc): it moves the head on */
}

void unusable_replace(struct unusable_list *list, struct unusable_list *by)
{
    struct unusable *it;

    unusable_forget(list);
    while ((it = LIST_FIRST(by)) != NULL) {
        LIST_REMOVE(it, all);
        LIST_INSERT_HEAD(list, it, all);
    }
}

static int tell_table(struct lock_table *table, const struct store_unusable *what, int64_t now_ms)
{
    if (what->kind == STORE_OFFLINE)
        return lock_table_set_offline(table, what->name, what->seats > 0, now_ms);
    lock_table_set_outside(table, what->name, what->seats, now_ms);
    return 0;
}

/* Of seats there are as many as the configuration has, of other names any number. */
static bool is_too_many(const struct ipclocker_server *server, const struct store_unusable *what)
{
    const struct unusable *it;
    size_t count = 0;

    if (what->kind != STORE_OFFLINE || what->seats == 0 ||
        lock_table_pool_of(server->table, what->name) != NULL)
        return false;
    LIST_FOREACH(it, &server->unusable, all)
    {
        count += it->what.kind == STORE_OFFLINE &&
                 lock_table_pool_of(server->table, it->what.name) == NULL;
    }
    return count >= server->limits[IPCLOCKER_LIMIT_OFFLINE];
}

int unusable_set(struct ipclocker_server *server, const struct store_unusable *what)
{
    struct unusable *before = find(&server->unusable, what->kind, what->name);

    if (before == NULL && is_too_many(server, what)) {
        errno = ENOSPC;
        return -1;
    }
    if (what->seats > 0 && unusable_keep(&server->unusable, what) != 0)
        return -1;
    if (tell_table(server->table, what, context_now_ms(server)) != 0) {
        forget(LIST_FIRST(&server->unusable)); /* what was kept just now */
        errno = ENOMEM;
        return -1;
    }
    state_note_unusable(server, what);
    server->table_changes++;
    tidings_of_seats(server, what);
    if (before != NULL)
        forget(before);
    return 0;
}

const struct store_unusable *unusable_find(const struct ipclocker_server *server,
                                           enum store_unusable_kind kind, const char *name)
{
    const struct unusable *it = find(&server->unusable, kind, name);

    return it != NULL ? &it->what : NULL;
}

void unusable_visit_offline(const struct ipclocker_server *server, unusable_fn *see, void *context)
{
    const struct unusable *it;

    LIST_FOREACH(it, &server->unusable, all)
    {
        if (it->what.kind == STORE_OFFLINE)
            see(context, &it->what);
    }
}

static void end(struct ipclocker_server *server, const struct unusable *it)
{
    struct store_unusable over = it->what;

    over.seats = 0;
    if (it->what.kind == STORE_OUTSIDE)
        context_log(server, LOG_NOTICE,
                    "nobody has said any more that %u seats of %s are in use elsewhere",
                    it->what.seats, it->what.name);
    else
        context_log(server, LOG_NOTICE, "%s is back, as its time offline is over", it->what.name);
    unusable_set(server, &over);
}

void unusable_expire(struct ipclocker_server *server)
{
    struct unusable *it = LIST_FIRST(&server->unusable), *next;
    int64_t now_ms = it != NULL ? context_now_ms(server) : 0;

    if (server->state.phase != STATE_SERVING)
        return;
    for (; it != NULL; it = next) {
        next = LIST_NEXT(it, all);
        if (it->what.until_ms <= now_ms)
            end(server, it);
    }
}

void unusable_apply(const struct ipclocker_server *server, struct lock_table *table)
{
    const struct unusable *it;

    LIST_FOREACH(it, &server->unusable, all)
    {
        if (tell_table(table, &it->what, context_now_ms(server)) != 0)
            context_log(server, LOG_ERR, "there is no memory to keep %s offline", it->what.name);
    }
}

void unusable_note_all(struct ipclocker_server *server)
{
    const struct unusable *it;

    LIST_FOREACH(it, &server->unusable, all)
    {
        state_note_unusable(server, &it->what);
    }
}
