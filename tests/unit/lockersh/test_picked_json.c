/* A part of the JSON list: a job's, a user's, of some names.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/job_id.h"
#include "lockersh/picked_json.h"

#define HEAD "{\"version\":1,\n\"server\":{\"protocol\":2},\n"

static const char document[] =
    HEAD "\"locks\":[\n"
         "{\"name\":\"a\",\"owner\":\"o1\",\"job\":\"slurm:7_1@lab\",\"held_seconds\":0.030},\n"
         "{\"name\":\"b\\u001b\",\"owner\":\"o2\",\"job\":\"slurm:7_12@lab\",\"new\":[1]},\n"
         "{\"name\":\"c\",\"owner\":\"o3\",\"job\":null}],\n"
         "\"waiters\":[\n{\"owner\":\"o4\",\"job\":\"slurm:7_1@lab\"}],\n"
         "\"more \\\"\":{\"x\":18446744073709551615}}";

/* What is left of a document for a filter; NULL with errno. */
static char *picked(const char *of, const struct list_filter *filter)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int result = picked_json_print(of, filter, out), number = errno;

    fclose(out);
    if (result == 0)
        return text;
    assert_int_equal(len, 0);
    free(text);
    errno = number;
    return NULL;
}

static char *printed(const char *job)
{
    const struct list_filter filter = {.job = job};
    char *text = picked(document, &filter);

    assert_non_null(text);
    return text;
}

static void the_entries_of_the_job_stay_as_they_came(void **state)
{
    char *text = printed("7_1");

    (void)state;
    assert_string_equal(
        text, HEAD
        "\"locks\":[\n"
        "{\"name\":\"a\",\"owner\":\"o1\",\"job\":\"slurm:7_1@lab\",\"held_seconds\":0.030}],\n"
        "\"waiters\":[\n{\"owner\":\"o4\",\"job\":\"slurm:7_1@lab\"}],\n"
        "\"more \\\"\":{\"x\":18446744073709551615}}\n");
    free(text);
    text = printed("8");
    assert_string_equal(text, HEAD "\"locks\":[],\n\"waiters\":[],\n"
                                   "\"more \\\"\":{\"x\":18446744073709551615}}\n");
    free(text);
}

/* Escapes of all kinds. */
static void what_acts_on_a_terminal_stays_escaped(void **state)
{
    const struct list_filter filter = {.job = "1"};
    char *text = picked(
        HEAD "\"locks\":[{\"name\":\"\\u001b\\u007f\\u009b\",\"job\":\"1\"}],\"waiters\":[]}",
        &filter);

    (void)state;
    assert_non_null(text);
    assert_non_null(strstr(text, "\"name\":\"\\u001b\\u007f\\u009b\""));
    free(text);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "{", "null", "7", "[]", "{}", "{\"locks\":{},\"waiters\":[]}", "{\"locks\":[]}"};
    const struct list_filter filter = {.job = "7"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(picked(wrong[i], &filter));
        assert_int_equal(errno, EPROTO);
    }
    assert_null(picked("{\"locks\":[],\"waiters\":[],\"server\":{\"protocol\":1}}", &filter));
    assert_int_equal(errno, ENOTSUP);
}

static void strange_entries_belong_to_no_job(void **state)
{
    const struct list_filter filter = {.job = "7"};
    char *text = picked("{\"server\":{\"protocol\":2},\"locks\":[7,null,{\"job\":7},"
                        "{\"job\":\"slurm:7\"}],\"waiters\":[null,{\"job\":\"slurm:7\"}]}",
                        &filter);

    (void)state;
    assert_non_null(text);
    assert_string_equal(
        text, "{\"server\":{\"protocol\":2},\n"
              "\"locks\":[\n{\"job\":\"slurm:7\"}],\n\"waiters\":[\n{\"job\":\"slurm:7\"}]}\n");
    free(text);
}

static void names_users_and_hosts_pick_too(void **state)
{
    static const char farm[] = HEAD
        "\"locks\":[{\"name\":\"vcs1\",\"owner\":\"o\",\"user\":\"anna\",\"host\":\"h1.lab\"},"
        "{\"name\":\"vcs2\",\"owner\":\"o\",\"user\":\"anna\",\"login\":\"bob\",\"pool\":\"p\","
        "\"proof\":\"munge\",\"uid\":7}],"
        "\"waiters\":[{\"owner\":\"anna\",\"wants\":[{\"names\":[\"x\",\"p\"]}]}],\"pools\":[]}";
    const struct {
        struct list_filter filter;
        bool has_first, has_second, has_waiter;
    } picks[] = {
        {{.names = {(char *[]){(char[]){"vcs1"}}, 1}}, true, false, false},
        {{.names = {(char *[]){(char[]){"p"}}, 1}}, false, true, true},
        {{.users = {(char *[]){(char[]){"anna"}}, 1}}, true, false, true},
        {{.users = {(char *[]){(char[]){"bob"}}, 1}}, false, true, false},
        {{.hosts = {(char *[]){(char[]){"H1"}}, 1}}, true, false, false},
        {{.only_mine = true, .uid = 7, .login = "anna"}, true, true, true},
        {{.only_mine = true, .uid = 8, .login = "bob"}, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
        char *text = picked(farm, &picks[i].filter);

        assert_non_null(text);
        assert_int_equal(strstr(text, "vcs1") != NULL, picks[i].has_first);
        assert_int_equal(strstr(text, "vcs2") != NULL, picks[i].has_second);
        assert_int_equal(strstr(text, "wants") != NULL, picks[i].has_waiter);
        free(text);
    }
}

static void an_id_covers_its_parts(void **state)
{
    static const char *const covers[][2] = {
        {"4711", "slurm:4711"},
        {"4711", "slurm:4711@lab"},
        {"4711", "slurm:4711_3@lab"},
        {"4711", "slurm:4711+1"},
        {"4711_3", "slurm:4711_3@lab"},
        {"4711+1", "slurm:4711+1@lab"},
        {"slurm:4711", "slurm:4711_3"},
        {"slurm:4711@lab", "slurm:4711_3@lab"},
        {"4711_3@lab", "slurm:4711_3@lab"},
        {"17", "lsf:17[4]"},
        {"17[4]", "lsf:17[4]"},
        {"99", "pbs:99[2].head"},
        {"99.head", "pbs:99.head"},
        {"55", "sge:55.7"},
        {"own", "own"},
        {"4711", "slurm:4711_3=4714@lab"},
        {"4711_3", "slurm:4711_3=4714@lab"},
        {"4714", "slurm:4711_3=4714@lab"},
        {"slurm:4714@lab", "slurm:4711_3=4714@lab"},
        {"4711_3=4714", "slurm:4711_3=4714@lab"},
    };
    static const char *const not [][2] = {
        {"471", "slurm:4711"},
        {"471", "slurm:4711_3=4714@lab"},
        {"4714@lab", "slurm:4711_3=4714@den"},
        {"3", "slurm:4711_3=4714@lab"},
        {"lsf:4714", "slurm:4711_3=4714@lab"},
        {"slurm:", "slurm:4711"},
        {"47110", "slurm:4711"},
        {"4711_3", "slurm:4711_30"},
        {"4711_3", "slurm:4711"},
        {"4711+1", "slurm:4711_1"},
        {"lsf:4711", "slurm:4711"},
        {"4711@lab", "slurm:4711"},
        {"4711@lab", "slurm:4711@laboratory"},
        {"lab", "slurm:4711@lab"},
        {"slurm", "slurm:4711"},
        {"@lab", "slurm:4711@lab"},
        {"", "slurm:4711"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof covers / sizeof *covers; i++)
        assert_true(job_id_covers(covers[i][0], covers[i][1]));
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        assert_false(job_id_covers(not [i][0], not [i][1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entries_of_the_job_stay_as_they_came),
        cmocka_unit_test(what_acts_on_a_terminal_stays_escaped),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(strange_entries_belong_to_no_job),
        cmocka_unit_test(names_users_and_hosts_pick_too),
        cmocka_unit_test(an_id_covers_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
