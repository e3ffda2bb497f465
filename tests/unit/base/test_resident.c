/* What a process that goes to sleep lets go of, and what it must not.
 * Must not go by sizes of processes, which tools change. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/resident.h"

enum { CALLS = 400, STEP_BYTES = 64, HEAP_BYTES = 100000 };

static char written[5000] = "before";

static uintptr_t page_of(uintptr_t address)
{
    return address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static bool is_resident(uintptr_t address)
{
    unsigned char residency = 0;

    assert_int_equal(mincore((void *)page_of(address), 1, &residency), 0);
    return (residency & 1) != 0;
}

/* Writes to the stack in so many calls, each below the other.  Returns where the last was. */
__attribute__((noinline)) static uintptr_t go_down(int calls)
{
    volatile char step[STEP_BYTES];
    uintptr_t lowest = (uintptr_t)__builtin_frame_address(0);

    step[0] = (char)calls;
    if (calls > 0)
        lowest = go_down(calls - 1);
    step[STEP_BYTES - 1] = step[0];
    return lowest;
}

static void what_was_written_is_kept(void **state)
{
    char local[3000], *heap = malloc(HEAP_BYTES);
    int (*volatile compare)(const void *, const void *, size_t) = memcmp;

    (void)state;
    assert_non_null(heap);
    memset(local, 'l', sizeof local);
    memset(heap, 'h', HEAP_BYTES);
    strcpy(written, "after");
    for (int i = 0; i < 3; i++) {
        errno = EXDEV;
        resident_let_go();
        assert_int_equal(errno, EXDEV);
        assert_string_equal(written, "after");
        for (size_t at = 0; at < sizeof local; at++)
            assert_int_equal(local[at], 'l');
        assert_int_equal(compare(heap, heap + 1, HEAP_BYTES - 1), 0);
        assert_int_equal(heap[HEAP_BYTES - 1], 'h');
    }
    free(heap);
}

static void stack_that_deeper_calls_have_used_is_let_go_of(void **state)
{
    uintptr_t lowest = go_down(CALLS);

    (void)state;
    assert_true(is_resident(lowest));
    resident_let_go();
    assert_false(is_resident(lowest));
    assert_int_equal(go_down(CALLS), lowest);
    assert_true(is_resident(lowest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_kept),
        cmocka_unit_test(stack_that_deeper_calls_have_used_is_let_go_of),
    };

    return cmocka_run_group_tests_name("resident", tests, NULL, NULL);
}
