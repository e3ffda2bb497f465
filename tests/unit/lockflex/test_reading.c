/* Whole lists, as license servers of many ages and moods write them.
 * Must not need a license server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lockflex/reading.h"

static char vcs[] = "vcs", hsim[] = "hsim", tok[] = "tok", farm[] = "farm";
static char *feature_names[] = {vcs, hsim, tok};
static char *our_names[] = {farm};
static const struct name_list features = {.names = feature_names, .count = 3};
static const struct name_list ours = {.names = our_names, .count = 1};
static const struct reading_terms terms = {
    .features = &features, .ours = &ours, .by_machine = true};

#define HEAD                                                     \
    "lmutil - Copyright (c) 1989-2024 Flexera.\n"                \
    "Flexible License Manager status on Mon 11/23/2026 9:20\n\n" \
    "License server status: 27000@lic1\n"                        \
    "    License file(s) on lic1: /opt/lic/eda.lic:\n\n"         \
    "lic1: license server UP (MASTER) v11.19.6\n\n"              \
    "Vendor daemon status (on lic1):\n\n"                        \
    "   snpslmd: UP v11.19.6\n"                                  \
    "Feature usage info:\n\n"
#define NONE_IN_USE(name_) \
    "Users of " name_ ":  (Total of 9 licenses issued;  Total of 0 licenses in use)\n\n"

static void read_text(struct reading *reading, enum reading_form form, const char *text)
{
    assert_int_equal(reading_init(reading, form, &terms), 0);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        assert_int_equal(reading_take(reading, text, len, false), 0);
        text += len + (text[len] == '\n');
    }
    reading_end(reading);
}

static void expect_row(const struct use *use, size_t i, const char *user, const char *machine,
                       unsigned count)
{
    assert_true(i < use->row_count);
    assert_string_equal(use->rows[i].user, user);
    assert_string_equal(use->rows[i].machine, machine);
    assert_int_equal(use->rows[i].count, count);
}

static void who_uses_what_is_put_together(void **state)
{
    struct reading reading;

    (void)state;
    read_text(
        &reading, READING_LMSTAT,
        HEAD
        "Users of vcs:  (Total of 40 licenses issued;  Total of 14 licenses in use)\n\n"
        "  \"vcs\" v2026.06, vendor: snpslmd, expiry: 30-jun-2027\n"
        "  vendor_string: ^1+S\n"
        "  floating license\n\n"
        "\t4 RESERVATIONs for GROUP night (lic1/27000)\n"
        "\t2 RESERVATIONs for GROUP farm (lic1/27000)\n"
        "    bob cad08 cad08:1.0 (v2024.06) (lic1/27000 123), start Mon 11/23 9:15\n"
        "    ann CAD07.lab.example /dev/tty (v2024.06) (lic1/27000 124), start Mon 11/23 9:15, 3 "
        "licenses\n"
        "    ann cad07 /dev/pts/1 (v2024.06) (lic1/27000 125), start Sun 11/22 9:15\n"
        "    eve cad09 cad09 (v2024.06) (lic1/27000 126) queued for 5 licenses\n\n"
        "  \"vcs\" v2025.06, vendor: snpslmd, expiry: 30-jun-2027\n"
        "  floating license\n\n"
        "    bob 10.0.0.8 tty (v2024.06) (lic1/27000 223), start Mon 11/23 9:15, 2 licenses\n\n"
        "Users of other:  (Total of 9 licenses issued;  Total of 1 license in use)\n\n"
        "    ann cad07 cad07 (v1.0) (lic1/27000 9), start Mon 11/23 9:15\n\n"
        "Users of tok:  (Uncounted, node-locked)\n\n"
        "    ann cad07 cad07 (v1.0) (lic1/27000 9), start Mon 11/23 9:15\n\n" NONE_IN_USE("hsim"));
    assert_string_equal(reading.why, "");
    assert_true(reading.is_whole);
    assert_int_equal(reading.uses[0].state, USE_COUNTED);
    assert_int_equal(reading.uses[0].total, 14);
    assert_int_equal(reading.uses[0].listed, 7);
    assert_int_equal(reading.uses[0].reserved, 4);
    assert_int_equal(reading.uses[0].reserved_ours, 2);
    assert_int_equal(reading.uses[0].queued, 5);
    assert_int_equal(reading.uses[0].row_count, 3);
    expect_row(&reading.uses[0], 0, "ann", "cad07", 4);
    expect_row(&reading.uses[0], 1, "bob", "10.0.0.8", 2);
    expect_row(&reading.uses[0], 2, "bob", "cad08", 1);
    assert_int_equal(reading.uses[1].state, USE_COUNTED);
    assert_int_equal(reading.uses[1].row_count, 0);
    assert_int_equal(reading.uses[2].state, USE_UNCOUNTED);
    assert_int_equal(reading.uses[2].row_count, 0);
    reading_fini(&reading);
}

static void several_servers_add_up(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, READING_LMSTAT,
              HEAD "Users of vcs:  (Total of 5 licenses issued;  Total of 1 license in use)\n\n"
                   "    ann cad07 cad07 (v1.0) (lic1/27000 9), start Mon 11/23 9:15\n\n"
                   "--------------------------------------------------\n"
                   "License server status: 28000@lic2,28000@lic3,28000@lic4\n"
                   "    License file(s) on lic2: /opt/lic/more.lic:\n\n"
                   "lic2: license server UP v11.13.0\n"
                   "lic3: license server UP (MASTER) v11.13.0\n"
                   "lic4: Cannot connect to license server system. (-15,570:115 \"Operation now in "
                   "progress\")\n\n"
                   "Vendor daemon status (on lic3):\n\n    snpslmd: UP v11.13.1\n"
                   "Feature usage info:\n\n"
                   "Users of vcs:  (Total of 5 licenses issued;  Total of 2 licenses in use)\n\n"
                   "    ann cad07 cad07 (v1.0) (lic3/28000 9), start Mon 11/23 9:15\n"
                   "    ann cad08 cad07 (v1.0) (lic3/28000 9), start Mon 11/23 9:15\n");
    assert_string_equal(reading.why, "");
    assert_int_equal(reading.uses[0].total, 3);
    expect_row(&reading.uses[0], 0, "ann", "cad07", 2);
    expect_row(&reading.uses[0], 1, "ann", "cad08", 1);
    assert_int_equal(reading.uses[1].state, USE_UNHEARD);
    reading_fini(&reading);
}

static void a_server_that_is_down_leaves_what_it_serves_unknown(void **state)
{
    static const struct {
        const char *text, *why;
    } lists[] = {
        {"Error getting status: Cannot connect to license server system. (-15,570:111)\n",
         "Cannot connect to license server system. (-15,570:111)"},
        {"License server status: 27000@lic1\n    License file(s) on lic1: /opt/a.lic:\n\n"
         "lic1: Cannot connect to license server system. (-15,570)\n",
         "the license server is down: lic1: Cannot connect to license server system. (-15,570)"},
        {"License server status: 27000@lic1\n\nlic1: license server DOWN\n\n" HEAD NONE_IN_USE(
             "vcs"),
         "the license server is down: lic1: license server DOWN"},
        {"License server status: 27000@lic1\n", "the license server is down"},
        {HEAD NONE_IN_USE("vcs") "License server status: 27000@lic2\n",
         "the license server is down"},
        {"", "this is no list of lmstat's"},
        {"lmutil: command not found\n", "this is no list of lmstat's"},
        {"Error getting status: \033[31mred\001\n", "\\x1b[31mred\\x01"},
    };
    struct reading reading;

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        read_text(&reading, READING_LMSTAT, lists[i].text);
        assert_false(reading.is_whole);
        assert_string_equal(reading.why, lists[i].why);
        assert_int_equal(reading.uses[1].state, USE_FAULTY);
        reading_fini(&reading);
    }
}

static void a_daemon_that_is_down_leaves_its_features_unknown(void **state)
{
    struct reading reading;

    (void)state;
    read_text(
        &reading, READING_LMSTAT,
        "License server status: 27000@lic1\n\nlic1: license server UP (MASTER) v11.19\n\n"
        "Vendor daemon status (on lic1):\n\n"
        "   mgcld: The desired vendor daemon is down. (-97,121)\n"
        "   snpslmd: UP v11.19.6\n"
        "Feature usage info:\n\n"
        "Users of vcs: Cannot get users of vcs: No such feature exists. (-5,222)\n\n" NONE_IN_USE(
            "hsim"));
    assert_true(reading.is_whole);
    assert_int_equal(reading.uses[0].state, USE_FAULTY);
    assert_string_equal(reading.uses[0].why,
                        "Cannot get users of vcs: No such feature exists. (-5,222)");
    assert_int_equal(reading.uses[1].state, USE_COUNTED);
    assert_int_equal(reading.uses[2].state, USE_FAULTY);
    assert_string_equal(reading.uses[2].why, "mgcld: The desired vendor daemon is down. (-97,121)");
    reading_fini(&reading);
}

static void what_one_server_cannot_say_another_does_not_make_known(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, READING_LMSTAT,
              HEAD
              "Users of vcs: Cannot get users of vcs: Invalid. (-1,2)\n" HEAD NONE_IN_USE("vcs")
                  HEAD "Users of vcs:  (Uncounted, node-locked)\n");
    assert_int_equal(reading.uses[0].state, USE_FAULTY);
    assert_string_equal(reading.uses[0].why, "Cannot get users of vcs: Invalid. (-1,2)");
    reading_fini(&reading);
}

static void a_part_of_a_list_will_do(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, READING_LMSTAT,
              "Users of vcs:  (Total of 5 licenses issued;  Total of 1 license in use)\r\n\r\n"
              "    ann cad07 cad07 (v1.0) (lic1/27000 9), start Mon 11/23 9:15\r\n");
    assert_true(reading.is_whole);
    expect_row(&reading.uses[0], 0, "ann", "cad07", 1);
    reading_fini(&reading);
}

static void lines_of_four_words_are_checkouts(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, READING_PLAIN,
              "# of rlmstat\n\nvcs ann cad07 2\n  vcs\tbob - 1\r\nother ann cad07 9\nvcs ann "
              "cad07.lab 1\n");
    assert_true(reading.is_whole);
    assert_int_equal(reading.uses[0].state, USE_COUNTED);
    assert_false(reading.uses[0].has_total);
    expect_row(&reading.uses[0], 0, "ann", "cad07", 3);
    expect_row(&reading.uses[0], 1, "bob", "-", 1);
    assert_int_equal(reading.uses[1].state, USE_COUNTED);
    assert_int_equal(reading.uses[1].row_count, 0);
    reading_fini(&reading);
}

static void other_lines_are_told_by_their_number(void **state)
{
    static const char *const lines[] = {"vcs ann cad07",     "vcs ann cad07 two",
                                        "vcs ann cad07 -1",  "vcs ann cad07 1 more",
                                        "vcs ann cad07 1.5", "vcs ann cad07 2000000"};
    char text[100];
    struct reading reading;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(text, sizeof text, "vcs ann cad07 1\n%s\n", lines[i]);
        read_text(&reading, READING_PLAIN, text);
        assert_string_equal(reading.why, "line 2 is not FEATURE USER HOST COUNT");
        assert_int_equal(reading.uses[0].listed, 1);
        reading_fini(&reading);
    }
}

static void a_null_byte_ends_no_name(void **state)
{
    static const char row[] = "    ann\0x cad07 tty (v1) (l/1 2), start Mon 11/23 9:15";
    struct reading reading;

    (void)state;
    assert_int_equal(reading_init(&reading, READING_LMSTAT, &terms), 0);
    reading_take(&reading, "Users of vcs: None", 18, false);
    reading_take(&reading, row, sizeof row - 1, false);
    reading_end(&reading);
    assert_int_equal(reading.uses[0].row_count, 0);
    reading_fini(&reading);
    assert_int_equal(reading_init(&reading, READING_PLAIN, &terms), 0);
    reading_take(&reading, "vcs ann\0x cad07 1", 17, false);
    reading_end(&reading);
    assert_string_equal(reading.why, "line 1 is not FEATURE USER HOST COUNT");
    assert_int_equal(reading.uses[0].row_count, 0);
    reading_fini(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_uses_what_is_put_together),
        cmocka_unit_test(several_servers_add_up),
        cmocka_unit_test(a_server_that_is_down_leaves_what_it_serves_unknown),
        cmocka_unit_test(a_daemon_that_is_down_leaves_its_features_unknown),
        cmocka_unit_test(what_one_server_cannot_say_another_does_not_make_known),
        cmocka_unit_test(a_part_of_a_list_will_do),
        cmocka_unit_test(lines_of_four_words_are_checkouts),
        cmocka_unit_test(a_null_byte_ends_no_name),
        cmocka_unit_test(other_lines_are_told_by_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
