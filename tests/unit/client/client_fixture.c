/* What the tests of the client's calls share.
 * Must not talk to a server. */
#include "client_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void expect_failure(struct ipclocker *lock, int result, int number)
{
    int found = errno;

    assert_int_equal(result, -1);
    if (found != number)
        fail_msg("errno %d (%s): %s", found, strerror(found), ipclocker_error(lock));
    assert_true(ipclocker_error(lock)[0] != '\0');
    assert_null(strchr(ipclocker_error(lock), '\n'));
}
