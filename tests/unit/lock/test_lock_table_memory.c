/* The lock table when memory runs out: each allocation fails in its turn, by the linker's --wrap.
 * Must not leave a failure armed when an assertion ends a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock_fixture.h"
#include "lock_slices.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);

static unsigned allocations_left; /* until one fails; 0 when none shall */

static int fails(void)
{
    return allocations_left > 0 && --allocations_left == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

static struct lock_result ask_with_failure(struct fixture *f, unsigned nth, const char *owner,
                                           const char *demand)
{
    struct lock_result result;

    allocations_left = nth;
    result = fixture_ask(f, owner, demand);
    allocations_left = 0;
    return result;
}

/* Makes each allocation of a request fail, in turn, until there is none left to fail: the request
 * must change nothing until then.  Returns what it came to.
 */
static struct lock_result ask_until_it_fits(struct fixture *f, const char *owner,
                                            const char *demand)
{
    size_t names = lock_table_name_count(f->table), held = lock_table_held_count(f->table);
    size_t waiting = lock_table_waiter_count(f->table);
    unsigned nth = 1;

    for (;; nth++) {
        struct lock_result result = ask_with_failure(f, nth, owner, demand);

        if (result.outcome != LOCK_OUTCOME_NO_MEMORY) {
            assert_true(nth > 4); /* it did allocate, and each was tried */
            return result;
        }
        assert_null(result.request);
        assert_null(result.name);
        fixture_expect(f, "");
        assert_int_equal(lock_table_name_count(f->table), names);
        assert_int_equal(lock_table_held_count(f->table), held);
        assert_int_equal(lock_table_waiter_count(f->table), waiting);
    }
}

static void set_terms(struct fixture *f, const char *host, int64_t hold_ms)
{
    f->terms.host = host;
    f->terms.boot = "boot";
    f->terms.job = "17";
    f->terms.pid = 5;
    f->terms.autounlock = true;
    f->terms.hold_ms = hold_ms;
}

static void a_request_without_memory_changes_nothing(void **state)
{
    struct fixture *f = *state;

    set_terms(f, "farm1", 10);
    assert_int_equal(ask_until_it_fits(f, "olga", "a:b+c").outcome, LOCK_OUTCOME_GRANTED);
    fixture_expect(f, "granted olga");
}

static void a_wait_without_memory_changes_nothing(void **state)
{
    struct fixture *f = *state;

    set_terms(f, "farm1", 10);
    fixture_get(f, "olga", "a");
    fixture_expect(f, "granted olga");
    assert_int_equal(ask_until_it_fits(f, "omar", "a+2/b:c:d:e:f:g:h:i:j").outcome,
                     LOCK_OUTCOME_QUEUED);
    fixture_expect(f, "queued omar");
}

static void a_renewal_without_memory_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;
    unsigned nth = 1;

    set_terms(f, "farm1", 10);
    request = fixture_get(f, "olga", "a");
    set_terms(f, "farm2", 20);
    fixture_expect(f, "granted olga");
    while (ask_with_failure(f, nth, "olga", "a").outcome == LOCK_OUTCOME_NO_MEMORY) {
        assert_string_equal(request->process->host, "farm1");
        assert_true(request->hold_ms == 10 && request->deadline_ms == 1010);
        fixture_expect(f, "");
        nth++;
    }
    assert_true(nth > 1);
    assert_string_equal(request->process->host, "farm2");
    fixture_expect(f, "renewed olga");
    assert_int_equal(slices_end_process(f->table, "farm1", 5, SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_process(f->table, "farm2", 5, SIZE_MAX, f->now_ms), 1);
}

static void no_table_is_made_without_memory(void **state)
{
    struct lock_table *table;

    (void)state;
    allocations_left = 1;
    table = lock_table_create(NULL, NULL);
    allocations_left = 0;
    assert_null(table);
}

/* Ends must not fail, and so must not need memory. */
static void nothing_that_ends_a_request_allocates(void **state)
{
    struct fixture *f = *state;
    const char *const name = "a";
    struct lock_request *request;

    set_terms(f, "farm1", 10);
    fixture_get(f, "olga", "a+b+c+d");
    request = fixture_queue(f, "omar", "a:b+2/c:d");
    allocations_left = 1;
    lock_table_unlock(f->table, "olga", &name, 1, f->now_ms, NULL);
    lock_table_break(f->table, "b", f->now_ms);
    lock_table_set_present(f->table, request, false, f->now_ms);
    lock_table_expire(f->table, 2000);
    lock_table_set_present(f->table, request, true, f->now_ms);
    lock_table_end(f->table, request, LOCK_REASON_GONE, f->now_ms);
    assert_int_equal(allocations_left, 1);
    allocations_left = 0;
    assert_int_equal(lock_table_name_count(f->table), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_without_memory_changes_nothing), TEST(a_wait_without_memory_changes_nothing),
        TEST(a_renewal_without_memory_changes_nothing), TEST(no_table_is_made_without_memory),
        TEST(nothing_that_ends_a_request_allocates),
    };

    return cmocka_run_group_tests_name("lock table memory", tests, NULL, NULL);
}
