/* Tests of wrappers/uriexec/tie_word.h.
 * Must not start processes. */
#include "uriexec/tie_word.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/process.h"
#include "uricommand.h"

static void a_word_names_this_process_where_it_is_read_here(void **state)
{
    char text[TIE_WORD_SIZE];
    struct tie_word word;

    (void)state;
    for (int flags = 0; flags < 4; flags++) {
        tie_word_write(text, (flags & 1) != 0, (flags & 2) != 0);
        assert_true(uricommand_is_plain(text));
        assert_int_equal(tie_word_read(&word, text), 0);
        assert_int_equal(word.held, (flags & 1) != 0);
        assert_int_equal(word.tell, (flags & 2) != 0);
        assert_int_equal(word.pid, getpid());
        assert_int_equal(word.start, process_start_time(getpid()));
    }
}

/* The word of this process with one of its numbers, counted from 0, or its boot changed. */
static void change(char *text, int field)
{
    for (; field > 0; field--)
        text = strchr(text, '.') + 1;
    *text = *text == '1' ? '2' : '1';
}

static void another_namespace_or_boot_has_no_process_here(void **state)
{
    char text[TIE_WORD_SIZE];
    struct tie_word word;

    (void)state;
    for (int field = 2; field < 4; field++) {
        tie_word_write(text, false, false);
        change(text, field);
        assert_int_equal(tie_word_read(&word, text), 0);
        assert_int_equal(word.pid, 0);
    }
}

static void what_a_later_version_says_is_ignored(void **state)
{
    struct tie_word word;

    (void)state;
    assert_int_equal(tie_word_read(&word, "later,held,x.y"), 0);
    assert_true(word.held && !word.tell && word.pid == 0);
    assert_int_equal(tie_word_read(&word, ""), 0);
    assert_false(word.held);
}

static void malformed_processes_are_refused(void **state)
{
    static const char *const malformed[] = {"1",
                                            "1.2",
                                            "1.2.3",
                                            "1.2.x.12345678",
                                            "1x.2.3.12345678",
                                            "99999999999.2.3.12345678",
                                            "1..3.12345678"};
    struct tie_word word;
    char text[2 * TIE_WORD_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        errno = 0;
        assert_int_equal(tie_word_read(&word, malformed[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(tie_word_read(&word, text), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_names_this_process_where_it_is_read_here),
        cmocka_unit_test(another_namespace_or_boot_has_no_process_here),
        cmocka_unit_test(what_a_later_version_says_is_ignored),
        cmocka_unit_test(malformed_processes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
