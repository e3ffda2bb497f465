/* What srun writes, the nodes read; what anybody else writes, they do not.
 * Must not need Slurm. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spank-plugin/contact.h"

#define BOOT "d570c926-6859-4b8c-8524-d3e5ddcf2327"

static void what_is_formatted_is_parsed(void **state)
{
    const struct contact largest = {
        .port = UINT16_MAX,
        .pid = INT32_MAX,
        .start = UINT64_MAX,
        .boot = BOOT,
        .owns_allocation = true,
    };
    char text[CONTACT_SIZE];
    struct contact back;

    (void)state;
    contact_format(text, &largest);
    assert_string_equal(text, "1:65535:2147483647:18446744073709551615:" BOOT ":own");
    assert_int_equal(contact_parse(&back, text), 0);
    assert_int_equal(back.port, largest.port);
    assert_int_equal(back.pid, largest.pid);
    assert_true(back.start == largest.start);
    assert_string_equal(back.boot, BOOT);
    assert_true(back.owns_allocation);
}

static void a_boot_may_be_unknown(void **state)
{
    struct contact contact;

    (void)state;
    assert_int_equal(contact_parse(&contact, "1:80:5:6:-:in"), 0);
    assert_string_equal(contact.boot, "-");
    assert_false(contact.owns_allocation);
}

static void anything_else_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        ":",
        "1",
        "1:80:5:6:-",
        "1:80:5:6:-:in:",
        "1:80:5:6:-:in:x",
        "1:80:5:6:-:IN",
        "1:80:5:6:-:",
        "2:80:5:6:-:in",
        "01:80:5:6:-:in",
        "1:0:5:6:-:in",
        "1:65536:5:6:-:in",
        "1:80:0:6:-:in",
        "1:80:-5:6:-:in",
        "1:80:2147483648:6:-:in",
        "1:80:5:0:-:in",
        "1:80:5:18446744073709551616:-:in",
        "1: 80:5:6:-:in",
        "1:+80:5:6:-:in",
        "1:80:5:6::in",
        "1:80:5:6:" BOOT "0:in",
        "1:80:5:6:D570C926-6859-4B8C-8524-D3E5DDCF2327:in",
        "1:80:5:6:../../../../../../../../etc/passwd:in",
        "1:80:5:6:-:in\n",
    };
    struct contact contact = {.port = 7};
    char longest[2 * CONTACT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        if (contact_parse(&contact, wrong[i]) == 0)
            fail_msg("'%s' was accepted", wrong[i]);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(contact.port, 7);
    }
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(contact_parse(&contact, longest), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_is_parsed),
        cmocka_unit_test(a_boot_may_be_unknown),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
