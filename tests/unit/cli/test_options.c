/* Command lines, taken apart after a table; and what --help makes of the table.
 * Must not need a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/help.h"
#include "cli/options.h"

enum colour { RED, GREEN, BLUE };

struct settings {
    const char *host, *hosts;
    uint64_t count;
    int32_t pid;
    uint16_t small;
    int64_t wait_ms;
    uint32_t keep_s;
    bool verbose, nonblock, background;
    enum colour colour;
    char called[64];
};

static int take_lock(void *context, const char *argument)
{
    struct settings *settings = context;

    strncat(settings->called, argument, sizeof settings->called - strlen(settings->called) - 1);
    return strcmp(argument, "bad") == 0 ? 42 : 0;
}

static int take_list(void *context, const char *argument)
{
    struct settings *settings = context;

    assert_null(argument);
    strcpy(settings->called, "list");
    return 0;
}

#define SETTINGS struct settings
static const struct option_spec table[] = {
    OPT_GROUP("Values"),
    OPT_TEXT("host", "HOST", host, "a host"),
    OPT_TEXT("hosts", "HOSTS", hosts, "several"),
    OPT_NUMBER("count", "N", count, 1, 1024, "how many", .letter = 'c'),
    OPT_NUMBER("pid", "PID", pid, 1, INT32_MAX, "a process"),
    OPT_NUMBER("small", "N", small, 0, UINT16_MAX, "a small one"),
    OPT_SECONDS("timeout", wait_ms, 100, 5000, "how long", .letter = 'w'),
    OPT_WHOLE_SECONDS("keep", keep_s, 1, 100000, "how many of them"),
    OPT_WORD("colour", "WHICH", colour, "red|green|blue", "one of three"),
    OPT_GROUP("Flags"),
    OPT_FLAG("verbose", verbose,
             "say more; say it again, and again, and in so many words that "
             "it takes a line more"),
    OPT_FLAG("nonblock", nonblock, "do not wait", .letter = 'n'),
    OPT_FLAG("fork", background, "go away", .no_help = "stay"),
    OPT_GROUP("Calls"),
    OPT_CALL("lock", "NAME", take_lock, "may come again", .repeats = true),
    OPT_CALL("list-what-there-is-to-be-had", NULL, take_list, "comes alone"),
    OPT_END,
};

static struct settings settings;
static struct options_outcome outcome;
static char *vector[32];
static char line[512];

/* Parses words that stand in a string with single blanks between; '_' is an empty word. */
static void parse_as(bool permutes, const char *words)
{
    static char name[] = "program", empty[] = "";
    int argc = 1;

    vector[0] = name;
    snprintf(line, sizeof line, "%s", words);
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
        vector[argc++] = strcmp(word, "_") == 0 ? empty : word;
    vector[argc] = NULL;
    settings = (struct settings){.wait_ms = -1};
    options_parse(table, permutes, argc, vector, &settings, &outcome);
}

static void parse(const char *words)
{
    parse_as(false, words);
}

static void expect_good(const char *words, const char *rest)
{
    char found[256] = "";

    parse(words);
    assert_string_equal(outcome.error, "");
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.asked, OPTION_END);
    for (char **word = outcome.words; *word != NULL; word++) {
        strcat(found, word == outcome.words ? "" : " ");
        strcat(found, *word);
    }
    assert_string_equal(found, rest);
}

static void expect_bad(const char *words, const char *error)
{
    parse(words);
    assert_string_equal(outcome.error, error);
    assert_int_equal(outcome.status, 64);
    assert_int_equal(outcome.asked, OPTION_END);
}

static void values_go_where_the_table_says(void **state)
{
    (void)state;
    expect_good("--host a --count 3 --pid=77 --small 65535 --timeout 0.25 --colour blue --verbose "
                "rest --host",
                "rest --host");
    assert_string_equal(settings.host, "a");
    assert_int_equal(settings.count, 3);
    assert_int_equal(settings.pid, 77);
    assert_int_equal(settings.small, 65535);
    assert_int_equal(settings.wait_ms, 250);
    assert_int_equal(settings.colour, BLUE);
    assert_true(settings.verbose);
    assert_false(settings.nonblock);
    expect_good("--lock a --lock=b --list-what-there-is-to-be-had -- --host x", "--host x");
    assert_string_equal(settings.called, "list");
    expect_good("--host= --hosts --verbose", "");
    assert_string_equal(settings.host, "");
    assert_string_equal(settings.hosts, "--verbose");
}

static void letters_are_as_getopt_has_them(void **state)
{
    (void)state;
    expect_good("-nw5 -c 3 x", "x");
    assert_true(settings.nonblock);
    assert_int_equal(settings.wait_ms, 5000);
    assert_int_equal(settings.count, 3);
    expect_good("-nc3", "");
    assert_int_equal(settings.count, 3);
    expect_good("- -n", "- -n");
    expect_good("_ -n", " -n");
    expect_bad("-w", "option --timeout needs SECONDS; see --help");
    expect_bad("-q", "unknown option -q; see --help");
    expect_bad("-nq", "unknown option -nq; see --help");
    expect_bad("-c=3", "--count \"=3\" is no number from 1 to 1024");
}

static void one_dash_is_enough_for_a_long_name(void **state)
{
    (void)state;
    expect_good("-host a -count=7 -nonblock x", "x");
    assert_string_equal(settings.host, "a");
    assert_int_equal(settings.count, 7);
    assert_true(settings.nonblock);
    expect_good("-verb -noverbose -verb -tim 1", "");
    assert_true(settings.verbose);
    assert_int_equal(settings.wait_ms, 1000);
    /* The case tells letters from each other. */
    expect_bad("-HOST a", "unknown option -HOST; see --help");
}

static void names_may_be_cut_short(void **state)
{
    (void)state;
    expect_good("--verb --non --ti 1 --coun 2 --li", "");
    assert_true(settings.verbose && settings.nonblock);
    assert_int_equal(settings.count, 2);
    /* All of a name is meant though it begins another. */
    expect_good("--host a", "");
    assert_string_equal(settings.host, "a");
    expect_good("--HOST=a --Verbose", "");
    assert_true(settings.verbose);
    expect_bad("--hos a", "option --hos is ambiguous: it may be --host, --hosts; see --help");
    expect_bad("--co 3", "option --co is ambiguous: it may be --count, --colour; see --help");
    expect_bad("-ver", "option -ver is ambiguous: it may be --verbose, --version; see --help");
    expect_bad("--ver", "option --ver is ambiguous: it may be --verbose, --version; see --help");
    expect_bad("--=x", "unknown option --; see --help");
}

static void flags_are_taken_back(void **state)
{
    (void)state;
    expect_good("--verbose --noverbose", "");
    assert_false(settings.verbose);
    expect_good("--verbose --no-verbose", "");
    assert_false(settings.verbose);
    expect_good("--noverb --verbose --fork", "");
    assert_true(settings.verbose && settings.background);
    expect_good("--fork --nof", "");
    assert_false(settings.background);
    expect_bad("--nohost", "unknown option --nohost; did you mean --host? see --help");
    expect_bad("--nononblock", "unknown option --nononblock; did you mean --nonblock? see --help");
    expect_bad("--nocount", "unknown option --nocount; did you mean --count? see --help");
    expect_bad("--noverbose=1", "option --noverbose takes no argument; see --help");
    expect_bad("--verbose=1", "option --verbose takes no argument; see --help");
}

static void a_slip_is_an_error_with_a_hint(void **state)
{
    (void)state;
    expect_bad("--tiemout 5", "unknown option --tiemout; did you mean --timeout? see --help");
    expect_bad("-hots x", "unknown option -hots; did you mean --host? see --help");
    expect_bad("--frobnicate", "unknown option --frobnicate; see --help");
    expect_bad("--x\033[1m", "unknown option --x\\x1b[1m; see --help");
    expect_bad("--lokc", "unknown option --lokc; did you mean --lock? see --help");
    expect_bad("--lock", "option --lock needs NAME; see --help");
    expect_bad(
        "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "unknown option --aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...; see --help");
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    expect_bad("--count 0", "--count \"0\" is no number from 1 to 1024");
    expect_bad("--count 1025", "--count \"1025\" is no number from 1 to 1024");
    expect_bad("--count -1", "--count \"-1\" is no number from 1 to 1024");
    expect_bad("--small 65536", "--small \"65536\" is no number from 0 to 65535");
    static const char *const no_times[] = {"0.05", "1,5", "5m", "1.5h", "90ms", "5i", "m", "-1"};

    for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++) {
        char words[32], error[128];

        snprintf(words, sizeof words, "--timeout %s", no_times[i]);
        snprintf(error, sizeof error,
                 "--timeout \"%s\" is no time from 0.1 to 5 seconds; such as 0.5, 90s, 30m or 2h",
                 no_times[i]);
        expect_bad(words, error);
    }
    expect_bad("--keep 3d",
               "--keep \"3d\" is no time from 1 to 100000 seconds; such as 0.5, 90s, 30m or 2h");
    expect_bad("--colour pink", "--colour \"pink\" is none of red|green|blue");
    expect_bad("--colour re", "--colour \"re\" is none of red|green|blue");
    expect_bad("--colour _", "--colour \"\" is none of red|green|blue");
}

static void times_have_units(void **state)
{
    (void)state;
    expect_good("--timeout 250ms", "");
    assert_true(settings.wait_ms == 250);
    expect_good("--timeout 0.05m", "");
    assert_true(settings.wait_ms == 3000);
    expect_good("--keep 1.5h", "");
    assert_int_equal(settings.keep_s, 5400);
    expect_good("--keep 1200ms", "");
    assert_int_equal(settings.keep_s, 2);
}

static void what_a_call_returns_ends_the_parsing(void **state)
{
    (void)state;
    parse("--lock a --lock bad --lock c");
    assert_int_equal(outcome.status, 42);
    assert_string_equal(outcome.error, "");
    assert_string_equal(settings.called, "abad");
}

static void expect_asked(const char *words, enum option_type asked)
{
    parse(words);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.asked, asked);
}

static void help_is_shown_to_who_asks_for_it(void **state)
{
    (void)state;
    expect_asked("--help --nonsense", OPTION_HELP);
    expect_asked("-h", OPTION_HELP);
    expect_asked("-help", OPTION_HELP);
    expect_asked("--verbose --hel", OPTION_HELP);
    expect_asked("-V", OPTION_VERSION);
    expect_asked("--versi", OPTION_VERSION);
    expect_asked("--completion zsh", OPTION_COMPLETION);
    assert_string_equal(outcome.shell, "zsh");
    /* And to nobody else. */
    expect_good("--host -h", "");
    expect_good("-w1 x -h", "x -h");
    expect_bad("-nh", "unknown option -nh; see --help");
    expect_bad("-hn", "unknown option -hn; see --help");
    expect_bad("-hel", "unknown option -hel; did you mean --help? see --help");
    expect_bad("--completio zsh", "unknown option --completio; see --help");
    expect_bad("--help=1", "option --help takes no argument; see --help");
}

static void words_may_stand_between_options(void **state)
{
    (void)state;
    parse_as(true, "a --verbose b -w1 -- -c --host");
    assert_int_equal(outcome.status, 0);
    assert_true(settings.verbose);
    assert_int_equal(settings.wait_ms, 1000);
    assert_string_equal(outcome.words[0], "a");
    assert_string_equal(outcome.words[1], "b");
    assert_string_equal(outcome.words[2], "-c");
    assert_string_equal(outcome.words[3], "--host");
    assert_null(outcome.words[4]);
    parse_as(true, "a b");
    assert_string_equal(outcome.words[1], "b");
    parse_as(true, "");
    assert_null(outcome.words[0]);
}

static void no_name_at_all_is_no_option(void **state)
{
    char *none[] = {NULL};

    (void)state;
    options_parse(table, false, 0, none, &settings, &outcome);
    assert_int_equal(outcome.status, 0);
    assert_ptr_equal(outcome.words, none);
}

static void help_is_aligned_and_fits_a_terminal(void **state)
{
    static const struct command_line command_line = {
        .program = "program",
        .usage = "program [OPTION]...\nprogram --list-what-there-is-to-be-had",
        .summary = "Does something.",
        .options = table,
        .notes = "See program(1).",
    };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    help_print(out, &command_line);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(
        text, "Usage: program [OPTION]...\n"
              "       program --list-what-there-is-to-be-had\n"
              "Does something.\n"
              "\n"
              "Values:\n"
              "      --host HOST        a host\n"
              "      --hosts HOSTS      several\n"
              "  -c, --count N          how many\n"
              "      --pid PID          a process\n"
              "      --small N          a small one\n"
              "  -w, --timeout SECONDS  how long\n"
              "      --keep SECONDS     how many of them\n"
              "      --colour WHICH     one of three\n"
              "\n"
              "Flags:\n"
              "      --verbose          say more; say it again, and again, and in so many words\n"
              "                         that it takes a line more\n"
              "  -n, --nonblock         do not wait\n"
              "      --fork             go away\n"
              "      --nofork           stay\n"
              "\n"
              "Calls:\n"
              "      --lock NAME        may come again\n"
              "      --list-what-there-is-to-be-had\n"
              "                         comes alone\n"
              "\n"
              "  -h, --help             show this and exit\n"
              "  -V, --version          show the version and exit\n"
              "\n"
              "See program(1).\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_where_the_table_says),
        cmocka_unit_test(letters_are_as_getopt_has_them),
        cmocka_unit_test(one_dash_is_enough_for_a_long_name),
        cmocka_unit_test(names_may_be_cut_short),
        cmocka_unit_test(flags_are_taken_back),
        cmocka_unit_test(a_slip_is_an_error_with_a_hint),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(what_a_call_returns_ends_the_parsing),
        cmocka_unit_test(help_is_shown_to_who_asks_for_it),
        cmocka_unit_test(words_may_stand_between_options),
        cmocka_unit_test(no_name_at_all_is_no_option),
        cmocka_unit_test(help_is_aligned_and_fits_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
