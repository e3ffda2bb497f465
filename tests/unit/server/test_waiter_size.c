/* What a waiter costs in memory, as far as structs say it.
 * Must not ask the heap: what that rounds to is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/table.h"
#include "server/claim.h"
#include "server/server.h"

/* Of a client that waits for one lock and says nothing of its process.  Beside these there is its
 * claim, some 80 bytes, and longer texts and demands.  What only some of them need belongs
 * elsewhere: whoever must raise a figure here pays it a hundred thousand times. */
enum {
    MOST_CONNECTION = 640,
    MOST_REQUEST = 320,
    MOST_LINK = 56,
    MOST_CLAIMANT = 136,
    MOST_CLAIM = 72
};

static void a_waiter_is_no_larger_than_it_was(void **state)
{
    (void)state;
    assert_true(sizeof(struct conn) <= MOST_CONNECTION);
    assert_true(sizeof(struct lock_request) + sizeof(struct lock_seat) +
                    sizeof(struct lock_group_progress) <=
                MOST_REQUEST);
    assert_true(sizeof(struct claim_link) <= MOST_LINK);
    assert_true(sizeof(struct claim) <= MOST_CLAIM);
    assert_true(sizeof(struct lock_claimant) <= MOST_CLAIMANT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiter_is_no_larger_than_it_was),
    };

    return cmocka_run_group_tests_name("waiter size", tests, NULL, NULL);
}
