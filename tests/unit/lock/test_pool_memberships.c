/* Groups that change while requests wait.
 * Must not need a system with groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lock/pools.h"

static const char *const night[] = {"group:night"};
static const char *const owner_names[] = {"o1", "o2", "o3", "o4"};
static bool is_at_night;

static void ignore_event(void *context, const struct lock_event *event)
{
    (void)context;
    (void)event;
}

static const char *const *find_groups(void *context, const char *user, size_t *count)
{
    *count = is_at_night && strcmp(user, "nora") == 0;
    ++*(size_t *)context;
    return night;
}

static struct lock_request *ask(struct lock_table *table, int owner, const char *user)
{
    static const char *const names[] = {"p"};
    const struct lock_group group = {.names = names, .name_count = 1, .count = 1};
    const struct lock_ask ask = {.owner = owner_names[owner],
                                 .groups = &group,
                                 .group_count = 1,
                                 .user = user,
                                 .memberships = night,
                                 .wait = true};

    return lock_table_request(table, &ask, 1).request;
}

static enum lock_why why(const struct lock_table *table, const struct lock_request *request)
{
    struct lock_reason_to_wait reason;

    lock_table_explain(table, request, &reason);
    return reason.why;
}

static void who_waits_is_of_his_new_groups_from_a_reload_on(void **state)
{
    const struct pool_limit limits[] = {{.by = POOL_BY_USER, .of = {night, 1}, .each = 1},
                                        {.by = POOL_BY_USER, .each = 9}};
    const struct pool_config pool = {.name = "p", .seats = 2, .limits = limits, .limit_count = 2};
    const struct pools_config config = {.pools = &pool, .pool_count = 1}, again = config;
    struct lock_table *table = lock_table_create(ignore_event, NULL);
    struct lock_request *waiter;
    size_t asked = 0;

    (void)state;
    assert_int_equal(lock_table_renew_memberships(table, find_groups, &asked), 0);
    assert_int_equal(lock_table_set_pools(table, &config, 1), 0);
    assert_int_equal(ask(table, 0, "nora")->state, LOCK_HELD);
    assert_int_equal(ask(table, 1, "bob")->state, LOCK_HELD);
    waiter = ask(table, 2, "nora");
    assert_int_equal(why(table, waiter), LOCK_WHY_SEATS);

    assert_int_equal(lock_table_renew_memberships(table, find_groups, &asked), 0);
    is_at_night = true;
    assert_int_equal(lock_table_renew_memberships(table, find_groups, &asked), 1);
    assert_int_equal(asked, 4);
    assert_int_equal(why(table, waiter), LOCK_WHY_SEATS);
    assert_int_equal(lock_table_set_pools(table, &again, 2), 0);
    assert_int_equal(why(table, waiter), LOCK_WHY_LIMIT);

    is_at_night = false;
    assert_int_equal(lock_table_renew_memberships(table, find_groups, &asked), 1);
    assert_int_equal(lock_table_set_pools(table, &config, 3), 0);
    assert_int_equal(why(table, waiter), LOCK_WHY_SEATS);
    lock_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_is_of_his_new_groups_from_a_reload_on),
    };

    return cmocka_run_group_tests_name("pool_memberships", tests, NULL, NULL);
}
