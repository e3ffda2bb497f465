/* Lines of the history: what they say, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>

#include "server/history_text.h"
#include "tests/unit/lock/lock_fixture.h"

static const struct store_view everything = {0};

/* Ann's, which bob has broken from another machine. */
static struct store_history broken(void)
{
    struct store_history entry = {
        .past = STORE_PAST_HOLD,
        .reason = LOCK_REASON_BREAK,
        .lock = "vcs1",
        .owner = "farm1_7_ann",
        .host = "farm1",
        .job = "slurm:farm:42",
        .pid = 7,
        .asker = {.proof = LOCK_PROVEN_BY_SOCKET, .uid = 1234},
        .by_name = "bob",
        .by = {.proof = LOCK_PROVEN_BY_MUNGE, .uid = 0, .peer = {[10] = 0xff, [11] = 0xff}},
        .ticket = 3,
        .token = 5,
        .asked_ms = 1000,
        .granted_ms = 2000,
        .ended_ms = 3000,
    };

    inet_pton(AF_INET, "10.1.2.3", entry.by.peer + 12);
    return entry;
}

static void expect_text(struct buffer *text, const char *expected)
{
    buffer_add(text, "", 1);
    assert_string_equal(text->data, expected);
    buffer_fini(text);
}

static void expect(const struct store_history *entry, const struct store_view *view, bool tells_who,
                   const char *expected)
{
    struct buffer text = {0};

    history_text_add(&text, entry, view, tells_who);
    expect_text(&text, expected);
}

static void an_entry_is_a_line_and_who_it_was_another(void **state)
{
    struct store_history entry = broken();

    (void)state;
    expect(&entry, &everything, false,
           "past hold break 3 1000 2000 3000 7 farm1_7_ann farm1 slurm:farm:42 vcs1\n");
    expect(&entry, &everything, true,
           "past hold break 3 1000 2000 3000 7 farm1_7_ann farm1 slurm:farm:42 vcs1\n"
           "by socket 1234 munge 0 10.1.2.3 bob\n");
    entry.pool = "vcs";
    expect(&entry, &everything, true,
           "past hold break 3 1000 2000 3000 7 farm1_7_ann farm1 slurm:farm:42 vcs1\n"
           "by socket 1234 munge 0 10.1.2.3 bob vcs -\n");
}

/* A uid of 0 that nobody has proven is not root's, and is not told. */
static void what_is_not_known_is_a_dash_or_nothing(void **state)
{
    struct store_history entry = {.past = STORE_PAST_REFUSED, .lock = "a b +7", .owner = "ann"};

    (void)state;
    expect(&entry, &everything, true,
           "past refused - 0 0 0 0 0 ann - - a b +7\nby claimed - claimed - - -\n");
    entry.project = "chip";
    entry.past = STORE_PAST_LEFT;
    entry.reason = LOCK_REASON_GONE;
    entry.asked_ms = -5; /* of a clock that was wrong */
    expect(&entry, &everything, true,
           "past left gone 0 0 0 0 0 ann - - a b +7\nby claimed - claimed - - - - chip\n");
}

/* Whoever reads less than there was has to know that. */
static void a_hole_is_told_to_everybody(void **state)
{
    const struct store_view nobody = {.is_limited = true};
    const struct store_history hole = {.past = STORE_PAST_HOLE,
                                       .lock = "away",
                                       .owner = "-",
                                       .token = 7,
                                       .asked_ms = 1000,
                                       .ended_ms = 2000};

    (void)state;
    expect(&hole, &everything, true, "past hole - 7 1000 0 2000 0 - - - away\n");
    expect(&hole, &nobody, true, "past hole - 7 1000 0 2000 0 - - - away\n");
}

/* From a file of a later release. */
static void what_this_release_has_no_word_for_is_left_out(void **state)
{
    struct store_history entry = broken();

    (void)state;
    entry.reason = (enum lock_reason)99;
    expect(&entry, &everything, false,
           "past hold - 3 1000 2000 3000 7 farm1_7_ann farm1 slurm:farm:42 vcs1\n");
    entry.past = (enum store_past)99;
    expect(&entry, &everything, true, "");
}

static void of_others_a_private_server_tells_when_and_what_but_not_who(void **state)
{
    static const char *const blank = "past hold break 0 1000 2000 3000 0 - - - vcs1\n"
                                     "by claimed - claimed - - -\n";
    const struct store_view nobody = {.is_limited = true};
    const struct store_view other = {.is_limited = true, .is_known = true, .uid = 1235};
    const struct store_view own = {.is_limited = true, .is_known = true, .uid = 1234};
    struct store_history entry = broken();

    (void)state;
    expect(&entry, &nobody, true, blank);
    expect(&entry, &other, true, blank);
    expect(&entry, &own, true,
           "past hold break 3 1000 2000 3000 7 farm1_7_ann farm1 slurm:farm:42 vcs1\n"
           "by socket 1234 munge 0 10.1.2.3 bob\n");
    /* What was only claimed is nobody's, whatever uid stands there. */
    entry.asker.proof = LOCK_CLAIMED;
    expect(&entry, &own, true, blank);
}

static void a_view_of_root_is_not_one_of_strangers(void **state)
{
    const struct store_view root = {.is_limited = true, .is_known = true, .uid = 0};
    const struct lock_asker stranger = {.proof = LOCK_CLAIMED, .uid = 0};
    const struct lock_asker proven = {.proof = LOCK_PROVEN_BY_SOCKET, .uid = 0};

    (void)state;
    assert_false(history_text_shows(&root, &stranger));
    assert_true(history_text_shows(&root, &proven));
    assert_true(history_text_shows(&everything, &stranger));
}

static void what_is_held_has_no_end_yet(void **state)
{
    const struct store_view nobody = {.is_limited = true};
    struct fixture *fixture = *state;
    struct buffer text = {0};
    char expected[200];
    struct lock_request *request;

    fixture->terms.host = "farm1";
    fixture->terms.pid = 9;
    fixture->terms.asker = (struct lock_asker){.proof = LOCK_PROVEN_BY_MUNGE, .uid = 1234};
    request = fixture_get(fixture, "ann", "x");
    snprintf(expected, sizeof expected,
             "past hold - %ju %jd %jd 0 9 ann farm1 - x\nby munge 1234 claimed - - -\n",
             (uintmax_t)request->ticket, (intmax_t)request->asked_ms,
             (intmax_t)request->granted_ms);
    history_text_add_held(&text, &request->seats[0], &everything, true);
    expect_text(&text, expected);
    snprintf(expected, sizeof expected, "past hold - 0 %jd %jd 0 0 - - - x\n",
             (intmax_t)request->asked_ms, (intmax_t)request->granted_ms);
    history_text_add_held(&text, &request->seats[0], &nobody, false);
    expect_text(&text, expected);
    fixture_unlock(fixture, "ann", "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_a_line_and_who_it_was_another),
        cmocka_unit_test(what_is_not_known_is_a_dash_or_nothing),
        cmocka_unit_test(a_hole_is_told_to_everybody),
        cmocka_unit_test(what_this_release_has_no_word_for_is_left_out),
        cmocka_unit_test(of_others_a_private_server_tells_when_and_what_but_not_who),
        cmocka_unit_test(a_view_of_root_is_not_one_of_strangers),
        cmocka_unit_test_setup_teardown(what_is_held_has_no_end_yet, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests_name("history_text", tests, NULL, NULL);
}
