/* Consumables in what qconf prints.
 * Must not need Grid Engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gridengine/consumable.h"

static const char table[] =
    "#name               shortcut   type      relop requestable consumable default  urgency \n"
    "#--------------------------------------------------------------------------------------\n"
    "arch                a          RESTRING  ==    YES         NO         NONE     0\n"
    "lic                 lic        INT       <=    YES         YES        0        0\n"
    "lic_job             lj         INT       <=    YES         JOB        0        0\n"
    "# >#< starts a comment but comments are not saved across edits --------\n";

static void what_jobs_use_up_is_told(void **state)
{
    (void)state;
    assert_int_equal(consumable_kind(table, "lic"), CONSUMABLE_USED);
    assert_int_equal(consumable_kind(table, "lic_job"), CONSUMABLE_USED);
    assert_int_equal(consumable_kind(table, "arch"), CONSUMABLE_FIXED);
    assert_int_equal(consumable_kind(table, "li"), CONSUMABLE_ABSENT);
    assert_int_equal(consumable_kind(table, "lic_"), CONSUMABLE_ABSENT);
    assert_int_equal(consumable_kind(table, "lj"), CONSUMABLE_ABSENT);
    assert_int_equal(consumable_kind("", "lic"), CONSUMABLE_ABSENT);
    assert_int_equal(consumable_kind("lic", "lic"), CONSUMABLE_FIXED);
}

static int64_t amount_of(const char *host, const char *name)
{
    uint64_t amount;

    return consumable_amount(host, name, &amount) ? (int64_t)amount : -1;
}

static void amounts_are_read(void **state)
{
    static const char host[] = "hostname              global\n"
                               "complex_values        other=7,lic=3,mem=2.000000, \\\n"
                               "                      last=12\n"
                               "load_values           lic_load=9\n";

    (void)state;
    assert_int_equal(amount_of(host, "lic"), 3);
    assert_int_equal(amount_of(host, "other"), 7);
    assert_int_equal(amount_of(host, "mem"), 2);
    assert_int_equal(amount_of(host, "last"), 12);
    assert_int_equal(amount_of(host, "li"), -1);
    assert_int_equal(amount_of(host, "lic_load"), -1);
    assert_int_equal(amount_of("complex_values NONE\nload_values NONE\n", "lic"), -1);
    assert_int_equal(amount_of("complex_values lic=2G\n", "lic"), -1);
    assert_int_equal(amount_of("complex_values lic=2", "lic"), 2);
    assert_int_equal(amount_of("complex_values ,", "lic"), -1);
    assert_int_equal(amount_of("", "lic"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_jobs_use_up_is_told),
        cmocka_unit_test(amounts_are_read),
    };

    return cmocka_run_group_tests_name("consumable", tests, NULL, NULL);
}
