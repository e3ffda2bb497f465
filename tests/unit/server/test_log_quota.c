/* How much the log has of each client, also where there are very many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/log_quota.h"

enum { MANY = 20 * LOG_QUOTA_PLACES };

static const char kind[] = "%s does it", other_kind[] = "%s does something else";

/* What was told of what was left out. */
struct heard {
    struct log_quotas *quotas;
    uint64_t of_clients, of_crowd;
    struct log_quota last;
};

static void on_over(void *context, const struct log_quota *quota, uint64_t left_out)
{
    struct heard *heard = context;

    heard->last = *quota;
    *(quota->is_crowd ? &heard->of_crowd : &heard->of_clients) += left_out;
}

static int set_up(void **state)
{
    struct heard *heard = calloc(1, sizeof *heard);

    if (heard == NULL || (heard->quotas = log_quotas_create(on_over, heard)) == NULL)
        abort();
    *state = heard;
    return 0;
}

static int tear_down(void **state)
{
    struct heard *heard = *state;

    free(heard->quotas);
    free(heard);
    return 0;
}

static struct account_key client(uint32_t number)
{
    return (struct account_key){0, UINT64_C(0xffff) << 32 | number};
}

/* How many of so many lines the log has. */
static int logged(struct heard *heard, const char *of, uint32_t who, int lines, time_t now_s)
{
    int count = 0;

    for (int i = 0; i < lines; i++)
        count += log_quotas_take(heard->quotas, of, client(who), now_s);
    return count;
}

static void each_client_has_ten_lines_of_each_kind_and_a_minute(void **state)
{
    struct heard *heard = *state;

    assert_int_equal(logged(heard, kind, 1, 12, 100), 10);
    assert_int_equal(logged(heard, other_kind, 1, 12, 100), 10);
    assert_int_equal(logged(heard, kind, 2, 5, 100), 5);
    assert_int_equal(logged(heard, kind, 1, 3, 159), 0);
    log_quotas_sweep(heard->quotas, 159);
    assert_int_equal(heard->of_clients, 0);
    assert_int_equal(logged(heard, kind, 1, 3, 160), 3);
    assert_int_equal(heard->of_clients, 5);
    assert_ptr_equal(heard->last.kind, kind);
    assert_int_equal(heard->last.client.low, client(1).low);
    log_quotas_sweep(heard->quotas, 160);
    assert_int_equal(heard->of_clients, 7);
    assert_ptr_equal(heard->last.kind, other_kind);
    log_quotas_sweep(heard->quotas, 300);
    assert_int_equal(heard->of_clients, 7);
    assert_int_equal(heard->of_crowd, 0);
}

/* Of a thousand clients no line is lost, and all that find no place have a hundred. */
static void very_many_clients_take_no_line_from_those_that_have_a_place(void **state)
{
    struct heard *heard = *state;
    int of_all = 0;

    for (uint32_t who = 1; who <= 100; who++)
        assert_int_equal(logged(heard, kind, who, 1, 100), 1);
    for (uint32_t who = 1000; who < 1000 + MANY; who++)
        of_all += logged(heard, other_kind, who, 11, 100);
    assert_true(of_all <= LOG_QUOTA_PLACES * LOG_QUOTA_LINES + LOG_QUOTA_CROWD_LINES);
    for (uint32_t who = 1; who <= 100; who++)
        assert_int_equal(logged(heard, kind, who, 9, 100), 9);
    /* One that comes later has no place, but lines that none of those have caused. */
    assert_int_equal(logged(heard, kind, 200, 20, 100), 20);
    assert_int_equal(logged(heard, other_kind, 200, 20, 100), 0);
    log_quotas_sweep(heard->quotas, 160);
    assert_int_equal(of_all + (int)(heard->of_clients + heard->of_crowd), 11 * MANY + 20);
    assert_true(heard->of_crowd > 0);
    /* There is room again. */
    assert_int_equal(logged(heard, other_kind, 200, 12, 160), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_client_has_ten_lines_of_each_kind_and_a_minute, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(very_many_clients_take_no_line_from_those_that_have_a_place,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests_name("log quota", tests, NULL, NULL);
}
