/* Encoded lines, commands for sh, hops, and what is said of them.
 * Must not run anything: tests/e2e/test_uriexec*.py do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "uricommand.h"
#include "uricommand/sh_words.h"

static void assert_owned(char *found, const char *expected)
{
    assert_non_null(found);
    assert_string_equal(found, expected);
    free(found);
}

static char *encode(const char *text)
{
    return uricommand_encode(text, strlen(text), 0);
}

static char *decode(const char *line, unsigned flags)
{
    return uricommand_decode(line, strlen(line), flags, NULL, NULL);
}

static void what_shells_know_is_escaped(void **state)
{
    (void)state;
    assert_owned(encode("ls -l /tmp/a_b.c,d"), "ls+-l+/tmp/a_b.c,d");
    assert_owned(encode("a+b%c"), "a%2Bb%25c");
    assert_owned(encode("~ ^!{}:@="), "%7E+%5E%21%7B%7D%3A%40%3D");
    assert_owned(encode("\n\xff"), "%0A%FF");
    assert_owned(encode("-x -y"), "%2Dx+-y");
    assert_owned(encode(""), "");
}

static void only_lone_spaces_stay_in_words(void **state)
{
    static const char *const cases[][2] = {
        {"a b c", "a b c"},     {"a  b", "a++b"}, {" a b ", "+a b+"},
        {"ls -l x", "ls+-l x"}, {" ", "+"},       {"a\tb c", "a%09b c"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_owned(uricommand_encode(cases[i][0], strlen(cases[i][0]), URICOMMAND_WORDS),
                     cases[i][1]);
}

static void a_nul_is_not_encoded(void **state)
{
    (void)state;
    errno = 0;
    assert_null(uricommand_encode("a\0b", 3, 0));
    assert_int_equal(errno, EILSEQ);
}

static void escapes_are_decoded(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},           {"a+b%20c", "a b c"}, {"%7e%7E", "~~"},
        {"%2B%25", "+%"},   {"%", "%"},           {"%4", "%4"},
        {"%zz+", "%zz "},   {"%%41", "%A"},       {"100%+x", "100% x"},
        {"%4g%41", "%4gA"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_owned(decode(cases[i][0], 0), cases[i][1]);
}

static void errors_have_a_place_and_leave_the_rest_alone(void **state)
{
    static const struct {
        const char *line;
        size_t len;
        unsigned flags;
        size_t at;
        int error;
    } cases[] = {
        {"ab%00", 5, 0, 2, EILSEQ},
        {"ab\0c", 4, 0, 2, EILSEQ},
        {"%41%zz", 6, URICOMMAND_STRICT, 3, EINVAL},
        {"a%4", 3, URICOMMAND_STRICT, 1, EINVAL},
        {"%", 1, URICOMMAND_STRICT, 0, EINVAL},
        {"%zz%00", 6, 0, 3, EILSEQ},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = 77;
        size_t at = 77;

        errno = 0;
        assert_null(uricommand_decode(cases[i].line, cases[i].len, cases[i].flags, &len, &at));
        assert_int_equal(errno, cases[i].error);
        assert_int_equal(at, cases[i].at);
        assert_int_equal(len, 77);
    }
}

static void the_length_decides_and_not_a_nul(void **state)
{
    size_t len = 0;
    char *text = uricommand_decode("ab%41%42", 5, URICOMMAND_STRICT, &len, NULL);

    (void)state;
    assert_int_equal(len, 3);
    assert_owned(text, "abA");
    assert_owned(uricommand_decode("%41", 2, 0, NULL, NULL), "%4");
}

/* What a shell does to words, and uriexec after it. */
static char *split_and_join(const char *line)
{
    char *copy = strdup(line);
    char *joined = calloc(1, strlen(line) + 1);

    assert_non_null(copy);
    assert_non_null(joined);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        if (*joined != '\0')
            strcat(joined, " ");
        strcat(joined, word);
    }
    free(copy);
    return joined;
}

static void any_bytes_survive_five_levels(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 200; round++) {
        char original[65] = {0};
        size_t len = (size_t)rand() % 64;
        unsigned flags = (unsigned)round % 2 != 0 ? URICOMMAND_WORDS : 0;
        char *line;

        for (size_t i = 0; i < len; i++)
            original[i] = rand() % 3 == 0 ? ' ' : (char)(rand() % 255 + 1);
        line = strdup(original);
        for (int level = 0; level < 5; level++) {
            char *outer = uricommand_encode(line, strlen(line), flags);
            char *seen;

            assert_non_null(outer);
            assert_int_equal(outer[strspn(outer, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                                                 "VWXYZ0123456789_./-,+% ")],
                             0);
            seen = split_and_join(outer);
            assert_string_equal(seen, outer);
            free(seen);
            free(line);
            line = outer;
        }
        for (int level = 0; level < 5; level++) {
            char *inner = decode(line, URICOMMAND_STRICT);

            assert_non_null(inner);
            free(line);
            line = inner;
        }
        assert_owned(line, original);
    }
}

static void plain_words_are_told_from_others(void **state)
{
    (void)state;
    assert_true(uricommand_is_plain("/opt/farm-1.0/bin/uriexec"));
    assert_false(uricommand_is_plain(""));
    assert_false(uricommand_is_plain("-x"));
    assert_false(uricommand_is_plain("~/uriexec"));
    assert_false(uricommand_is_plain("a b"));
    assert_false(uricommand_is_plain("a%20b"));
}

static void vectors_become_commands_for_sh(void **state)
{
    static const struct {
        const char *const argv[5];
        const char *command;
    } cases[] = {
        {{"ls", "-l", NULL}, "exec ls -l"},
        {{"a", "b c", "", "it's", NULL}, "exec a 'b c' '' 'it'\\''s'"},
        {{"", NULL}, "exec ''"},
        {{"A=b", "*", NULL}, "exec A=b '*'"},
        {{"-odd", "x", NULL}, "-odd x"},
        {{"exit", "7", NULL}, "exit 7"},
        {{"exitus", NULL}, "exec exitus"},
        {{"hash", "-r", NULL}, "hash -r"},
        {{"times", NULL}, "times"},
        {{"return", "3", NULL}, "return 3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_owned(uricommand_quote(cases[i].argv), cases[i].command);
    errno = 0;
    assert_null(uricommand_quote((const char *const[]){NULL}));
    assert_int_equal(errno, EINVAL);
}

static void words_are_joined_with_single_spaces(void **state)
{
    (void)state;
    assert_owned(uricommand_join((const char *const[]){"a", "", "b c", NULL}), "a  b c");
    assert_owned(uricommand_join((const char *const[]){NULL}), "");
}

static void a_folder_is_entered_first(void **state)
{
    (void)state;
    assert_owned(uricommand_add_cd("/a b", "exec x"), "cd -P '/a b' || exit 71; exec x");
    assert_owned(uricommand_add_cd("-", "x"), "cd -P ./- || exit 71; x");
    errno = 0;
    assert_null(uricommand_add_cd("", "x"));
    assert_int_equal(errno, EINVAL);
}

static void hops_are_built_from_the_far_end(void **state)
{
    static const struct uricommand_hop hops[] = {
        {"ssh host1", NULL}, {"rsh host2", "/opt/uriexec"}, {"su bob -c '{}' -l", NULL}};

    (void)state;
    assert_owned(uricommand_build_hops(hops, 0, "a b"), "a b");
    assert_owned(uricommand_build_hops(hops, 1, ""), "exec ssh host1 env uriexec +");
    assert_owned(uricommand_build_hops(hops, 1, "exec ls 'a b'"),
                 "exec ssh host1 env uriexec exec ls %27a b%27");
    assert_owned(uricommand_build_hops(hops, 2, "ls;ls"),
                 "exec ssh host1 env uriexec exec rsh host2 env /opt/uriexec ls%253Bls");
    assert_owned(uricommand_build_hops(hops + 2, 1, "a b"), "exec su bob -c 'env uriexec a b' -l");
}

static void launchers_that_are_no_simple_command_keep_their_shell(void **state)
{
    static const char *const launchers[] = {
        "cd /x && ssh h", "A=b ssh h",     " A=b ssh h", "! ssh h", "(ssh h)",
        "exec ssh h",     "command ssh h", "eval",       " . f",    "-x"};

    (void)state;
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        const struct uricommand_hop hop = {launchers[i], NULL};
        char *built = uricommand_build_hops(&hop, 1, "x");

        assert_non_null(built);
        assert_memory_equal(built, launchers[i], strlen(launchers[i]));
        free(built);
    }
}

static void hops_that_lead_nowhere_are_refused(void **state)
{
    static const struct uricommand_hop bad[] = {
        {"", NULL}, {"  ", NULL}, {"ssh a\nb", NULL}, {"ssh a", "~/uriexec"}, {"ssh a", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        assert_null(uricommand_build_hops(&bad[i], 1, "x"));
        assert_int_equal(errno, EINVAL);
    }
}

static char *show(const char *command, size_t width)
{
    const struct uricommand_run run = {.shell = "/bin/sh", .command = command};

    return uricommand_show(&run, width);
}

static void every_level_is_shown(void **state)
{
    (void)state;
    assert_owned(
        show("ssh a env uriexec ssh b uriexec --cd /x%2By --shell tcsh ls%2520-l; date", 0),
        "1: /bin/sh -c ssh a env uriexec ssh b uriexec --cd /x%2By --shell tcsh ls%2520-l; "
        "date\n"
        "2: /bin/sh -c ssh b uriexec --cd /x+y --shell tcsh ls%20-l\n"
        "3: in /x y: tcsh -c ls -l\n");
    assert_owned(show("/opt/uriexec a && sh -c \"uriexec 'b+c'\" 2>f", 0),
                 "1: /bin/sh -c /opt/uriexec a && sh -c \"uriexec 'b+c'\" 2>f\n"
                 "2: /bin/sh -c a\n"
                 "2: /bin/sh -c b c\n");
}

static void what_runs_nothing_is_not_looked_into(void **state)
{
    static const char *const commands[] = {
        "uriexec",           "uriexec --encode a", "uriexec --encode -- --hop",
        "echo no-uriexec a", "# uriexec a",        "uriexec --cd"};

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *text = show(commands[i], 0);

        assert_non_null(text);
        assert_null(strstr(text, "2: "));
        free(text);
    }
}

static void nested_hops_are_named(void **state)
{
    static const char *const commands[] = {"uriexec --hop x -- y", "uriexec --hop=x y",
                                           "uriexec --uriexec-path /u --cd /d --hop x y"};

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *text = show(commands[i], 0);

        assert_non_null(text);
        assert_non_null(strstr(text, "\n2: not explained: --hop\n"));
        free(text);
    }
}

static void levels_that_cannot_be_decoded_are_named(void **state)
{
    (void)state;
    assert_owned(show("uriexec a%00", 0), "1: /bin/sh -c uriexec a%00\n"
                                          "2: cannot be decoded, at byte 2 of: a%00\n");
    assert_owned(show("uriexec --strict -- a%zz", 0), "1: /bin/sh -c uriexec --strict -- a%zz\n"
                                                      "2: cannot be decoded, at byte 2 of: a%zz\n");
}

static void hostile_bytes_are_shown_as_numbers(void **state)
{
    (void)state;
    assert_owned(show("uriexec %1b[2J\x80", 0), "1: /bin/sh -c uriexec %1b[2J\\x80\n"
                                                "2: /bin/sh -c \\x1b[2J\\x80\n");
}

static void terminals_get_a_layout(void **state)
{
    (void)state;
    assert_owned(show("exec ssh a env uriexec date%0als bbbbbbbb cccccccc dddd", 24),
                 "1: /bin/sh -c\n"
                 "    exec ssh a env\n"
                 "      uriexec date%0als\n"
                 "      bbbbbbbb cccccccc\n"
                 "      dddd\n"
                 "2: beyond ssh a: /bin/sh -c\n"
                 "    date\n"
                 "    ls bbbbbbbb cccccccc\n"
                 "      dddd\n");
}

static void depth_has_an_end(void **state)
{
    char *command = strdup("x");
    char *text;

    (void)state;
    for (int i = 0; i < URICOMMAND_SHOW_DEPTH + 5; i++) {
        char *line = uricommand_encode(command, strlen(command), 0);

        free(command);
        assert_true(asprintf(&command, "uriexec %s", line) > 0);
        free(line);
    }
    text = show(command, 0);
    assert_non_null(text);
    assert_non_null(strstr(text, "\n32: "));
    assert_null(strstr(text, "\n33: "));
    free(text);
    free(command);
}

static void words_lose_quotes_comments_and_redirections(void **state)
{
    struct sh_words words;

    (void)state;
    assert_int_equal(sh_words_init(&words, "a 'b c'\"d\\\"e\\x\"\\ f 2>&1 >g <<h i3>j # k\n;m"), 0);
    assert_int_equal(sh_words_next(&words), 1);
    assert_int_equal(words.count, 3);
    assert_string_equal(words.words[0], "a");
    assert_string_equal(words.words[1], "b cd\"e\\x f");
    assert_string_equal(words.words[2], "i3");
    assert_null(words.words[3]);
    assert_int_equal(sh_words_next(&words), 1);
    assert_int_equal(words.count, 0);
    assert_int_equal(sh_words_next(&words), 1);
    assert_string_equal(words.words[0], "m");
    assert_int_equal(sh_words_next(&words), 0);
    sh_words_fini(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_shells_know_is_escaped),
        cmocka_unit_test(only_lone_spaces_stay_in_words),
        cmocka_unit_test(a_nul_is_not_encoded),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(errors_have_a_place_and_leave_the_rest_alone),
        cmocka_unit_test(the_length_decides_and_not_a_nul),
        cmocka_unit_test(any_bytes_survive_five_levels),
        cmocka_unit_test(plain_words_are_told_from_others),
        cmocka_unit_test(vectors_become_commands_for_sh),
        cmocka_unit_test(words_are_joined_with_single_spaces),
        cmocka_unit_test(a_folder_is_entered_first),
        cmocka_unit_test(hops_are_built_from_the_far_end),
        cmocka_unit_test(launchers_that_are_no_simple_command_keep_their_shell),
        cmocka_unit_test(hops_that_lead_nowhere_are_refused),
        cmocka_unit_test(every_level_is_shown),
        cmocka_unit_test(what_runs_nothing_is_not_looked_into),
        cmocka_unit_test(nested_hops_are_named),
        cmocka_unit_test(levels_that_cannot_be_decoded_are_named),
        cmocka_unit_test(hostile_bytes_are_shown_as_numbers),
        cmocka_unit_test(terminals_get_a_layout),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(words_lose_quotes_comments_and_redirections),
    };

    return cmocka_run_group_tests_name("uricommand", tests, NULL, NULL);
}
