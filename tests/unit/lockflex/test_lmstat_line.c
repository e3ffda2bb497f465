/* The lines of lmstat's list, one by one: whatever somebody calls himself, his host, his display.
 * Must not need a license server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lockflex/lmstat_line.h"

static struct lmstat_line read_in(const char *text, enum lmstat_part part)
{
    return lmstat_line_read((struct span){.at = text, .len = strlen(text)}, part);
}

static void expect_text(struct span found, const char *text)
{
    char shown[200];

    snprintf(shown, sizeof shown, "%.*s", (int)found.len, found.at);
    assert_string_equal(shown, text);
}

/* A check-out of this user, host and count; of a count of 0, something else. */
static void expect_checkout(const char *text, const char *user, const char *host, unsigned count)
{
    struct lmstat_line line = read_in(text, LMSTAT_FEATURES);

    if (count == 0) {
        assert_int_not_equal(line.kind, LMSTAT_CHECKOUT);
        return;
    }
    assert_int_equal(line.kind, LMSTAT_CHECKOUT);
    expect_text(line.name, user);
    expect_text(line.host, host);
    assert_int_equal(line.count, count);
}

static void a_checkout_is_read_in_each_of_its_forms(void **state)
{
    static const struct {
        const char *text, *user, *host;
        unsigned count;
    } forms[] = {
        {"    ann cad07 cad07:0.0 (v2024.06) (lic1/27000 123), start Mon 11/23 9:15", "ann",
         "cad07", 1},
        {"    ann cad07 cad07:0.0 (v2024.06) (lic1/27000 123), start Mon 11/23 9:15, 3 licenses",
         "ann", "cad07", 3},
        {"    ann cad07 cad07 (v2.1) (lic1/27000 123), start Mon 11/23 9:15, 1 license", "ann",
         "cad07", 1},
        {"    ann cad07 /dev/pts/3 (v7) (lic1.lab.example/1717 9), start Mon 11/23 9:15:07", "ann",
         "cad07", 1},
        {"    ann cad07 /dev/tty (v7.0) (lic1/27000 101), start Thu 2/7 13:23  (linger: 129 / 600)",
         "ann", "cad07", 1},
        {"    ann pc-ann pc-ann (v7.0) (lic1/27000 9), start Thu 2/7 13:23, 16 licenses  (linger: "
         "9 / 600)",
         "ann", "pc-ann", 16},
        {"    ann cad07 cad07 (v52) (lic1/27004 401), start Mon 2/10 0:10, PID: 29245 ", "ann",
         "cad07", 1},
        {"    ann cad07 cad07 (v52) (lic1/27004 401), start Mon 2/10 0:10, 2 licenses, PID: 29245",
         "ann", "cad07", 2},
        /* Without a display, with two words of it, with a version that was asked for. */
        {"    ann cad07 (v2026.03) (LIC1/27020 19210), start Fri 9/25 11:44, PID: 310056 ", "ann",
         "cad07", 1},
        {"    ann cad07 cad07:0894_3 2029.01 (v2029.01) (LIC1/1717 875), start Fri 9/25 11:44",
         "ann", "cad07", 1},
        {"\tann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15\r", "ann", "cad07", 1},
        {"    ann 10.1.2.3 tty (v1.0) (lic1/27000 5), start Mon 11/23 9:15", "ann", "10.1.2.3", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        expect_checkout(forms[i].text, forms[i].user, forms[i].host, forms[i].count);
}

static void a_display_may_say_what_it_likes(void **state)
{
    static const char *const displays[] = {
        "(lic1/27000 1), start Mon 1/1 1:01, 900 licenses",
        ") queued for 7 licenses",
        "7 RESERVATIONs for GROUP x (lic1/27000)",
        "|)8<f(Z)=Y[<7L$lY-p\\",
        "\"U,K$`C(t`0'\"C i",
        "Users of vcs:  (Total of 1 license issued;  Total of 0 licenses in use)",
    };
    char text[400];

    (void)state;
    for (size_t i = 0; i < sizeof displays / sizeof *displays; i++) {
        snprintf(text, sizeof text,
                 "    eve pc %s (v1.0) (lic1/27000 9), start Mon 11/23 9:15, 2 licenses",
                 displays[i]);
        expect_checkout(text, "eve", "pc", 2);
    }
}

static void half_a_checkout_is_none(void **state)
{
    static const char *const texts[] = {
        "    ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15, 0 licenses",
        "    ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15, 4294967297 licenses",
        "    ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15, -3 licenses",
        "    ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15, x3 licenses",
        "    ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15, 3x licenses",
        "    ann cad07 cad07 (v1.0) (lic1/27000",
        "    ann (lic1/27000 5), start Mon 11/23 9:15",
        "    ann cad07, start Mon 11/23 9:15",
        "), start ",
        " ), start ",
        "    ), start Mon 11/23 9:15",
        "ann cad07 cad07 (v1.0) (lic1/27000 5), start Mon 11/23 9:15",
        "",
        " ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_checkout(texts[i], NULL, NULL, 0);
}

static void who_waits_and_what_is_reserved_has_no_license(void **state)
{
    struct lmstat_line line;

    (void)state;
    line = read_in("    bob cad08 cad08 1.0 (v2.0) (lic1/27000 77) queued for 2 licenses",
                   LMSTAT_FEATURES);
    assert_int_equal(line.kind, LMSTAT_QUEUED);
    assert_int_equal(line.count, 2);
    expect_text(line.name, "bob");
    line = read_in("    bob cad08 cad08 (v2.0) (lic1/27000 77)  queued for 1 license",
                   LMSTAT_FEATURES);
    assert_int_equal(line.kind, LMSTAT_QUEUED);
    line = read_in("\t48 RESERVATIONs for GROUP night (lic1/27000)", LMSTAT_FEATURES);
    assert_int_equal(line.kind, LMSTAT_RESERVATION);
    assert_int_equal(line.count, 48);
    expect_text(line.name, "night");
    expect_text(line.text, "GROUP");
    line = read_in("    1 RESERVATION for HOST cad01 (lic1/27000)", LMSTAT_FEATURES);
    assert_int_equal(line.kind, LMSTAT_RESERVATION);
    expect_text(line.name, "cad01");
    line = read_in("    99999999 RESERVATIONs for HOST cad01 (lic1/27000)", LMSTAT_FEATURES);
    assert_int_equal(line.kind, LMSTAT_OTHER);
}

static void expect_feature(const char *text, enum lmstat_kind kind, const char *name,
                           unsigned count)
{
    struct lmstat_line line = read_in(text, LMSTAT_FEATURES);

    assert_int_equal(line.kind, kind);
    expect_text(line.name, name);
    assert_int_equal(line.count, count);
}

static void a_feature_is_counted_or_without_limit_or_unknown(void **state)
{
    (void)state;
    expect_feature(
        "Users of VCSRuntime_Net:  (Total of 40 licenses issued;  Total of 7 licenses in use)",
        LMSTAT_FEATURE, "VCSRuntime_Net", 7);
    expect_feature("Users of a.b-c:  (Total of 1 license issued;  Total of 1 license in use)\r",
                   LMSTAT_FEATURE, "a.b-c", 1);
    expect_feature("Users of tok:  (Total of 900 tokens issued;  Total of 20 tokens in use)",
                   LMSTAT_FEATURE, "tok", 20);
    expect_feature("Users of old: None", LMSTAT_FEATURE, "old", 0);
    expect_feature("Users of free:  (Uncounted, node-locked)", LMSTAT_UNCOUNTED, "free", 0);
    expect_feature("Users of gone: Cannot get users of gone: No such feature exists. (-5,222)",
                   LMSTAT_FAULT, "gone", 0);
    expect_feature("Users of odd:  (Error: 21 licenses, unsupported by licensed server)",
                   LMSTAT_FAULT, "odd", 0);
    expect_feature(
        "Users of big:  (Total of 9 licenses issued;  Total of 77777777 licenses in use)",
        LMSTAT_FAULT, "big", 0);
    assert_int_equal(read_in("Users of", LMSTAT_FEATURES).kind, LMSTAT_OTHER);
    assert_int_equal(read_in("Users of : x", LMSTAT_FEATURES).kind, LMSTAT_OTHER);
    assert_int_equal(read_in("  Users of x: None", LMSTAT_FEATURES).kind, LMSTAT_OTHER);
}

static void the_head_says_who_serves(void **state)
{
    static const struct {
        const char *text;
        enum lmstat_part part;
        enum lmstat_kind kind;
    } lines[] = {
        {"License server status: 27000@lic1,27000@lic2", LMSTAT_FEATURES, LMSTAT_SECTION},
        {"    License file(s) on lic1: /opt/lic/a.lic:", LMSTAT_SERVERS, LMSTAT_OTHER},
        {"lic1: license server UP v11.19", LMSTAT_SERVERS, LMSTAT_HOST_UP},
        {"  lic2: license server UP (MASTER) v11.19", LMSTAT_SERVERS, LMSTAT_HOST_UP},
        {"lic3: Cannot connect to license server system. (-15,570)", LMSTAT_SERVERS,
         LMSTAT_HOST_DOWN},
        {"lic3: license server DOWN", LMSTAT_SERVERS, LMSTAT_HOST_DOWN},
        {"Vendor daemon status (on lic2):", LMSTAT_SERVERS, LMSTAT_TO_DAEMONS},
        {"   snpslmd: UP v11.19", LMSTAT_DAEMONS, LMSTAT_DAEMON_UP},
        {"   mgcld: The desired vendor daemon is down. (-97,121)", LMSTAT_DAEMONS,
         LMSTAT_DAEMON_DOWN},
        {"Feature usage info:", LMSTAT_DAEMONS, LMSTAT_TO_FEATURES},
        {"Error getting status: Cannot connect to license server system. (-15,570:111)",
         LMSTAT_SERVERS, LMSTAT_ERROR},
        /* A user's name does not bring a host up. */
        {"    x: license server UP", LMSTAT_FEATURES, LMSTAT_OTHER},
        {"    snpslmd: UP v11.19", LMSTAT_FEATURES, LMSTAT_OTHER},
        {"[Detecting lmgrd processes...]", LMSTAT_SERVERS, LMSTAT_OTHER},
        {"lmutil - Copyright (c) 1989-2022 Flexera.", LMSTAT_SERVERS, LMSTAT_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(read_in(lines[i].text, lines[i].part).kind, lines[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkout_is_read_in_each_of_its_forms),
        cmocka_unit_test(a_display_may_say_what_it_likes),
        cmocka_unit_test(half_a_checkout_is_none),
        cmocka_unit_test(who_waits_and_what_is_reserved_has_no_license),
        cmocka_unit_test(a_feature_is_counted_or_without_limit_or_unknown),
        cmocka_unit_test(the_head_says_who_serves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
