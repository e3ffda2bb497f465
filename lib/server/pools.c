/* The pools that a server has been told of: from when on they count, and when they are let go of.
 * Must not judge a request, nor read a configuration. */
#include "pools.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "context.h"
#include "membership.h"
#include "unusable.h"

/* A reload under more waiters than AT_ONCE is made ready a slice of a pass at a time, SOME of them
 * between two looks at the clock, so that nobody waits for it. */
enum { AT_ONCE = 500, SOME = 50, SLICE_US = 2000 };

static const struct pools_config no_pools;

static const struct pools_config *config_of(const struct pool_setup *setup)
{
    return setup->config != NULL ? setup->config : &no_pools;
}

/* A file may have been read that declares no pools: a lock costs nothing for it then. */
static bool says_something(const struct pool_setup *setup)
{
    const struct pools_config *config = setup->config;

    return config != NULL && (config->pool_count > 0 || config->refuse_unknown);
}

static void release(struct pool_setup *setup)
{
    if (setup->release != NULL)
        setup->release(setup->context);
    *setup = (struct pool_setup){0};
}

/* Nothing changes the table while that could not be kept. */
static bool may_change_table(const struct ipclocker_server *server)
{
    return server->serving && server->state.phase == STATE_SERVING;
}

static const char *const *find_groups(void *context, const char *login, size_t *count)
{
    return membership_of(context, login, count);
}

/* Of a table that never had any, none need to be told of. */
static int declare(struct ipclocker_server *server, struct lock_table *table,
                   const struct pool_setup *setup)
{
    const struct pools_config *before =
        server->pools.in_force != NULL ? server->pools.in_force->config : NULL;

    if (membership_use(server, setup->config) != 0)
        return -1;
    if (says_something(setup) || says_something(&server->pools.now)) {
        if (lock_table_renew_memberships(table, find_groups, server) < 0 ||
            lock_table_set_pools(table, config_of(setup), context_now_ms(server)) != 0) {
            membership_use(server, before);
            return -1;
        }
    }
    server->pools.in_force = says_something(setup) ? setup : NULL;
    return 0;
}

static const struct pool_list *administrators_of(const struct ipclocker_server *server,
                                                 const char *pool)
{
    const struct pools_config *config =
        server->pools.in_force != NULL ? server->pools.in_force->config : &no_pools;

    for (size_t i = 0; i < config->pool_count; i++) {
        if (strcmp(config->pools[i].name, pool) == 0)
            return &config->pools[i].administrators;
    }
    return NULL;
}

bool pools_administers(struct ipclocker_server *server, const char *pool, const char *login)
{
    const struct pool_list *users = administrators_of(server, pool);
    const char *const *groups;
    size_t count;

    if (users == NULL || login == NULL)
        return false;
    groups = membership_of(server, login, &count);
    return pool_list_has_user(users, login, groups, count);
}

void pools_forget_next(struct ipclocker_server *server)
{
    if (server->pools.has_next) {
        lock_table_forget_pools(server->table, config_of(&server->pools.next));
        release(&server->pools.next);
    }
    server->pools.has_next = false;
}

static void go_on_later(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};

    evtimer_add(&server->pools.more, &at_once);
}

static void become_next(struct ipclocker_server *server)
{
    lock_table_forget_pools(server->table, config_of(&server->pools.now));
    release(&server->pools.now);
    server->pools.now = server->pools.next;
    server->pools.has_next = false;
    server->pools.is_regrouping = false;
    server->pools.in_force = says_something(&server->pools.now) ? &server->pools.now : NULL;
    server->table_changes++;
    tidings_of_pools(server);
    if (server->serving)
        go_on_later(server); /* to tidy up */
}

int pools_declare(struct ipclocker_server *server, struct lock_table *table)
{
    const struct pool_setup *setup =
        server->pools.has_next ? &server->pools.next : &server->pools.now;

    return declare(server, table, setup);
}

void pools_declared(struct ipclocker_server *server)
{
    if (server->pools.has_next)
        become_next(server);
}

/* Of few it is not worth while. */
static bool is_long(const struct ipclocker_server *server, const struct pool_setup *setup)
{
    return server->serving && lock_table_waiter_count(server->table) > AT_ONCE &&
           (says_something(setup) || says_something(&server->pools.now));
}

/* Returns whether the table may be told of a configuration at once.  Where there is no memory it
 * may, too: that is told then. */
static bool make_ready(struct ipclocker_server *server, const struct pool_setup *setup)
{
    int64_t until_us = clock_now_us() + SLICE_US;
    int result = is_long(server, setup);

    while (result == 1 && clock_now_us() < until_us)
        result = lock_table_prepare_pools(server->table, config_of(setup), SOME);
    if (result == 1)
        go_on_later(server);
    return result != 1;
}

/* Who waits goes by groups that the system has told of since. */
static void take_up_groups(struct ipclocker_server *server)
{
    const struct pool_setup *setup = server->pools.in_force;

    if (setup == NULL || !may_change_table(server))
        return;
    if (membership_has_news(server))
        server->pools.is_regrouping |=
            lock_table_renew_memberships(server->table, find_groups, server) > 0;
    if (!server->pools.is_regrouping || !make_ready(server, setup))
        return;
    server->pools.is_regrouping = false;
    if (lock_table_set_pools(server->table, setup->config, context_now_ms(server)) == 0)
        return;
    if (errno == EBUSY)
        server->pools.is_regrouping = true; /* until those who share have given it back */
    else
        context_log(server, LOG_ERR, "there is no memory to go by the groups of users as they are");
}

static void take_up_next(struct ipclocker_server *server)
{
    if (!make_ready(server, &server->pools.next))
        return;
    if (declare(server, server->table, &server->pools.next) == 0) {
        become_next(server);
        unusable_apply(server, server->table);
        if (server->serving)
            context_log(server, LOG_NOTICE, "the pools of the new configuration count from now on");
    } else {
        context_log(server, LOG_ERR, "%s",
                    errno == EBUSY
                        ? "the pools of the new configuration wait: one is of a lock that is shared"
                        : "there is no memory for the pools of the new configuration");
    }
}

void pools_take_up(struct ipclocker_server *server)
{
    if (!server->pools.has_next)
        take_up_groups(server);
    else if (server->state.phase == STATE_SERVING)
        take_up_next(server);
}

/* A reload leaves memory that nobody needs. */
static void tidy(struct ipclocker_server *server)
{
    int64_t until_us = clock_now_us() + SLICE_US;
    bool is_more = true;

    while (is_more && clock_now_us() < until_us)
        is_more = lock_table_tidy_pools(server->table, SOME);
    if (is_more)
        go_on_later(server);
}

static void on_more(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    pools_take_up(context);
    tidy(context);
}

void pools_start(struct ipclocker_server *server)
{
    evtimer_assign(&server->pools.more, server->base, on_more, server);
}

void pools_stop(struct ipclocker_server *server)
{
    evtimer_del(&server->pools.more);
}

static int check(struct ipclocker_server *server, const struct pools_config *config)
{
    struct pools_fault fault;

    if (pools_config_check(config, &fault))
        return 0;
    errno = EINVAL;
    if (fault.at.file == NULL)
        return context_fail(server, "%s", fault.text);
    return context_fail(server, "%s:%d: %s", fault.at.file, fault.at.line, fault.text);
}

/* Declares them, or begins to make them ready. */
static int begin(struct ipclocker_server *server, const struct pool_setup *setup)
{
    if (is_long(server, setup))
        return lock_table_prepare_pools(server->table, config_of(setup), SOME) >= 0 ? 0 : -1;
    return declare(server, server->table, setup);
}

int ipclocker_server_set_pools(struct ipclocker_server *server, const struct pool_setup *setup)
{
    bool is_later = !may_change_table(server) || is_long(server, setup);

    if (check(server, config_of(setup)) != 0)
        return -1;
    if (may_change_table(server) && begin(server, setup) != 0)
        return context_fail(server, "%s",
                            errno == EBUSY ? "a lock that is shared at the moment cannot become a "
                                             "pool or a seat of one; see lockersh --locklist --json"
                                           : "out of memory");
    pools_forget_next(server);
    server->pools.next = *setup;
    server->pools.has_next = true;
    if (is_later && server->serving)
        go_on_later(server);
    if (!is_later) {
        become_next(server);
        unusable_apply(server, server->table); /* of pools that are new */
    }
    return 0;
}

void pools_fini(struct ipclocker_server *server)
{
    release(&server->pools.now);
    membership_fini(server);
}
