/* Tables of locks and waiters: folded, sorted, summed up, as wide as they may be.
 * Must not need a server, nor a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text_width.h"
#include "list/rows.h"
#include "locktable/view.h"

#define HEAD "{\"time\":\"2026-11-28T12:00:00.000Z\",\"server\":{\"protocol\":2},\n\"locks\":["
#define SEAT(name, token, rest)                                                                 \
    "{\"name\":\"" name "\",\"owner\":\"h_7_anna\",\"user\":\"anna\",\"host\":\"h\",\"pid\":7," \
    "\"job\":null,\"held_since\":\"2026-11-28T11:00:00.000Z\",\"held_seconds\":3600.0,"         \
    "\"token\":" token ",\"waiting\":1" rest "}"

static const char farm[] = HEAD
    SEAT("vcs10", "5", ",\"pool\":\"vcs\"") ",\n" SEAT("vcs2", "4", ",\"pool\":\"vcs\"") ",\n" SEAT(
        "vcs1", "4",
        ",\"pool\":\"vcs\"") ",\n" SEAT("vcs3", "4",
                                        ",\"pool\":\"vcs\"") ",\n"
                                                             "{\"name\":\"board\",\"owner\":\"bob'"
                                                             "s\",\"held_since\":\"2026-11-27T12:"
                                                             "00:00.000Z\","
                                                             "\"held_seconds\":86400,\"hold_limit_"
                                                             "seconds\":90000,\"waiting\":0,"
                                                             "\"token\":3}],\n"
                                                             "\"waiters\":[{\"owner\":\"h_8_carl\","
                                                             "\"user\":\"carl\",\"position\":1,"
                                                             "\"waiting_seconds\":90,"
                                                             "\"wants\":[{\"count\":2,\"names\":["
                                                             "\"vcs\"]},{\"count\":1,\"names\":["
                                                             "\"b1\",\"b2\"],"
                                                             "\"shared\":true}],\"reason\":"
                                                             "\"limit\",\"job\":\"slurm:9\"}],\n"
                                                             "\"pools\":[{\"name\":\"vcs\"}]}";

static void view_of(const char *document, struct list_view *view, const char *format,
                    const char *order, size_t columns, bool is_terminal, char **text)
{
    const struct table_screen screen = {.columns = columns, .is_terminal = is_terminal};
    struct ipclocker_list *list = list_rows_create(document);
    char error[FORMAT_ERROR_SIZE];
    size_t len;
    FILE *out = open_memstream(text, &len);

    assert_non_null(list);
    assert_non_null(out);
    setenv("TZ", "UTC", 1);
    tzset();
    if (format != NULL)
        assert_int_equal(format_parse(format, &view->format, error), 0);
    if (order != NULL)
        assert_int_equal(format_parse_order(order, &view->order, error), 0);
    assert_int_equal(view_print(out, list, view, &screen), 0);
    fclose(out);
    ipclocker_list_free(list);
}

static void check_view(struct list_view view, const char *format, const char *order,
                       const char *expected)
{
    char *text;

    view_of(farm, &view, format, order, 0, false, &text);
    assert_string_equal(text, expected);
    free(text);
}

static void check(const char *format, const char *order, const char *expected)
{
    check_view((struct list_view){.by = TALLY_NOTHING}, format, order, expected);
}

static void what_is_listed_by_itself(void **state)
{
    (void)state;
    check(NULL, NULL,
          "LOCK      USER   HOST  PID  JOB                SINCE    FOR  LIMIT  WAITING\n"
          "board     bob's  -       -  -    2026-11-27T12:00:00  1d00h  1d01h        0\n"
          "vcs[1-3]  anna   h       7  -    2026-11-28T11:00:00  1h00m      -        1\n"
          "vcs10     anna   h       7  -    2026-11-28T11:00:00  1h00m      -        1\n"
          "\n"
          "PLACE  USER  HOST  PID  JOB      SINCE    FOR  REASON  WANTS\n"
          "    1  carl  -       -  slurm:9      -  1m30s  limit   2 of vcs and shared b[1-2]\n");
}

static void numbers_sort_as_numbers_also_in_names(void **state)
{
    struct list_view view = {.by = TALLY_NOTHING, .expands = true, .no_heading = true};

    (void)state;
    check_view(view, "lock", NULL, "board\nvcs1\nvcs2\nvcs3\nvcs10\n");
    check_view(view, "lock", "-lock", "vcs10\nvcs3\nvcs2\nvcs1\nboard\n");
    check_view(view, "lock", "for,-lock", "vcs10\nvcs3\nvcs2\nvcs1\nboard\n");
    check_view(view, "lock", "-for,+token", "board\nvcs2\nvcs1\nvcs3\nvcs10\n");
}

static void columns_have_the_width_that_was_asked_for(void **state)
{
    (void)state;
    check("lock:6,user:.6,count:3", NULL,
          "LOCK      USER  CO+\n"
          "board    bob's    1\n"
          "vcs[1+    anna    3\n"
          "vcs10     anna    1\n");
    check("seconds,left,state,pool", NULL,
          "SECONDS   LEFT  STATE  POOL\n"
          "  86400  1h00m  -      -\n"
          "   3600      -  -      vcs\n"
          "   3600      -  -      vcs\n");
}

static void a_format_of_one_list_shows_that_one(void **state)
{
    (void)state;
    check("place,user", NULL, "PLACE  USER\n    1  carl\n");
    check("lock,user", NULL, "LOCK      USER\nboard     bob's\nvcs[1-3]  anna\nvcs10     anna\n");
    check("owner", NULL, "OWNER\nbob's\nh_7_anna\nh_7_anna\n\nOWNER\nh_8_carl\n");
}

static void sums_are_of_users_hosts_jobs_and_pools(void **state)
{
    (void)state;
    check_view((struct list_view){.by = TALLY_USER}, NULL, NULL,
               "USER   HELD  LONGEST  WAITING  OLDEST\n"
               "anna      4    1h00m        0       -\n"
               "bob's     1    1d00h        0       -\n"
               "carl      0        -        1   1m30s\n");
    check_view((struct list_view){.by = TALLY_POOL}, NULL, NULL,
               "POOL  HELD  LONGEST  WAITING  OLDEST\n"
               "vcs      4    1h00m        1   1m30s\n"
               "-        1    1d00h        0       -\n");
    check_view((struct list_view){.by = TALLY_JOB}, "job,waiting", "-waiting",
               "JOB      WAITING\nslurm:9        1\n-              0\n");
    check_view((struct list_view){.by = TALLY_HOST, .filter = {.job = "9"}}, NULL, NULL,
               "HOST  HELD  LONGEST  WAITING  OLDEST\n-        0        -        1   1m30s\n");
}

static void it_fits_a_terminal(void **state)
{
    (void)state;
    for (size_t columns = 1; columns < 120; columns++) {
        struct list_view view = {.by = TALLY_NOTHING};
        char *text, *rest, *line;

        view_of(farm, &view, NULL, NULL, columns, true, &text);
        rest = text;
        while ((line = strsep(&rest, "\n")) != NULL) {
            assert_true(columns < 24 || text_width(line) <= columns);
        }
        free(text);
    }
}

/* Two columns a character, and one that stands over another. */
static void wide_characters_keep_their_place_and_bad_ones_do_no_harm(void **state)
{
    static const char strange[] = HEAD SEAT("\u5e7f\u5dde\u677f", "1", "") ",\n" SEAT(
        "a\\u001b[2J", "2", "") ",\n" SEAT("e\u0301", "3", "") "],\"waiters\":[]}";
    struct list_view view = {.by = TALLY_NOTHING};
    char *text;

    (void)state;
    view_of(strange, &view, "lock,user", NULL, 0, true, &text);
    assert_string_equal(text, "LOCK      USER\n"
                              "a\\x1b[2J  anna\n"
                              "e\u0301         anna\n"
                              "\u5e7f\u5dde\u677f    anna\n");
    free(text);
    view_of(strange, &view, "lock:5,user", NULL, 0, true, &text);
    assert_non_null(strstr(text, "\n\u5e7f\u5dde+  anna\n"));
    free(text);
    view_of(strange, &view, "lock:4,user", NULL, 0, true, &text);
    assert_non_null(strstr(text, "\n\u5e7f+   anna\n"));
    free(text);
}

static void owners_that_have_gone_or_are_silent_are_marked(void **state)
{
    static const char marked[] =
        HEAD SEAT("a", "1", ",\"kept\":true,\"silent_seconds\":9") ",\n" SEAT(
            "b", "2", ",\"silent_seconds\":0") ",\n" SEAT("c", "3",
                                                          ",\"shared\":true") "],\"waiters\":[]}";
    struct list_view view = {.by = TALLY_NOTHING};
    char *text;

    (void)state;
    view_of(marked, &view, "lock,state", NULL, 0, true, &text);
    assert_string_equal(text, "LOCK  STATE\na     kept,silent\nb     -\nc     shared\n");
    free(text);
}

static void an_empty_list_says_so_to_people(void **state)
{
    struct list_view view = {.by = TALLY_NOTHING};
    char *text;

    (void)state;
    view_of(HEAD "],\"waiters\":[]}", &view, NULL, NULL, 80, true, &text);
    assert_string_equal(text, "No lock is held, and nobody waits.\n");
    free(text);
    view_of(HEAD "],\"waiters\":[]}", &view, NULL, NULL, 0, false, &text);
    assert_string_equal(text, "LOCK  USER  HOST  PID  JOB  SINCE  FOR  LIMIT  WAITING\n");
    free(text);
    view.filter.job = "8";
    view_of(farm, &view, NULL, NULL, 80, true, &text);
    assert_string_equal(text, "Nothing of that is held or waited for.\n");
    free(text);
}

static void a_classic_server_shows_what_it_told(void **state)
{
    struct list_view view = {.by = TALLY_NOTHING};
    char *text;

    (void)state;
    view_of("{\"server\":{\"protocol\":1},\"locks\":[{\"name\":\"a\",\"owner\":\"h_7_anna\","
            "\"user\":\"anna\"},{\"name\":\"b\",\"owner\":\"h_7_anna\",\"user\":\"anna\"}],"
            "\"waiters\":[]}",
            &view, NULL, NULL, 80, true, &text);
    assert_string_equal(text, "LOCK  USER\na     anna\nb     anna\n");
    free(text);
}

static void what_is_no_format_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "nosuch",
                                        "lock,",
                                        "lock:",
                                        "lock:0",
                                        "lock:.",
                                        "lock:x",
                                        "lock:-5",
                                        "lock:.5.",
                                        "lock:4097",
                                        "lock 5",
                                        "-lock",
                                        "lock:99999999999999999999"};
    struct table_format format;
    struct table_order order;
    char error[FORMAT_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(format_parse(wrong[i], &format, error), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(format_parse("\033,lock", &format, error), -1);
    assert_null(strchr(error, '\033'));
    assert_int_equal(format_parse_order("lock:5", &order, error), -1);
    assert_int_equal(format_parse_order("--lock", &order, error), -1);
    assert_int_equal(format_parse_order("", &order, error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_listed_by_itself),
        cmocka_unit_test(numbers_sort_as_numbers_also_in_names),
        cmocka_unit_test(columns_have_the_width_that_was_asked_for),
        cmocka_unit_test(a_format_of_one_list_shows_that_one),
        cmocka_unit_test(sums_are_of_users_hosts_jobs_and_pools),
        cmocka_unit_test(it_fits_a_terminal),
        cmocka_unit_test(wide_characters_keep_their_place_and_bad_ones_do_no_harm),
        cmocka_unit_test(owners_that_have_gone_or_are_silent_are_marked),
        cmocka_unit_test(an_empty_list_says_so_to_people),
        cmocka_unit_test(a_classic_server_shows_what_it_told),
        cmocka_unit_test(what_is_no_format_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
