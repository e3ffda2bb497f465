/* Whom an asker believes: nobody who does not repeat its question's id.
 * Must not sleep where it can wait for something. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asker_fixture.h"

static void forged_answers_are_ignored(void **state)
{
    static const char *const forged[] = {"EXIS 42 0 other.host",
                                         "EXIS 43 0 " ELSEWHERE,
                                         "EXIS 42 0 " ELSEWHERE " id=0000000000000000",
                                         "junk",
                                         "EXIS 42 0",
                                         "EXIS 42 0 " ELSEWHERE,
                                         "EXIS 42 0 " ELSEWHERE "~0000000000000000"};
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct record record = {0};
    struct puppet puppet, stranger;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    puppet_open(&stranger);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        puppet_say(&puppet, forged[i]);
    /* Right in every word, but from another port. */
    stranger.asker = puppet.asker;
    memcpy(stranger.heard, puppet.heard, sizeof stranger.heard);
    puppet_answers(&stranger, "EXIS 42 0", "");
    turn_for(asker, 50);
    assert_int_equal(record.calls, 0);
    /* One of them might have been a classic daemon's: it is asked with an id that this repeats. */
    hear_one(asker, &puppet);
    puppet_answers_classic(&puppet, "EXIS 42 1");
    wait_calls(asker, &record, 1);
    assert_int_equal(record.state, PIDSTAT_EXISTS);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
    close(stranger.fd);
}

static void a_classic_daemon_proves_an_end_but_no_identity(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .start = 99};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;
    char first[sizeof puppet.heard];
    int64_t begun;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one_with_id(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=99"));
    puppet_answers_classic(&puppet, "EXIS 42 1");
    wait_calls(asker, &record, 1);
    assert_true(record.answered);
    assert_int_equal(record.state, PIDSTAT_UNKNOWN);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    begun = now_ms();
    memcpy(first, puppet.heard, sizeof first);
    puppet_answers_classic(&puppet, "EXIS 42 0");
    puppet_answers_classic(&puppet, "EXIS 42 0");
    /* It is asked again, a second later, by another id. */
    hear_one(asker, &puppet);
    assert_true(now_ms() - begun >= 950);
    assert_string_not_equal(puppet.heard, first);
    assert_int_equal(record.calls, 1);
    puppet_answers_classic(&puppet, "EXIS 42 0");
    wait_calls(asker, &record, 2);
    assert_int_equal(record.state, PIDSTAT_GONE);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

struct unproven {
    int calls;
    char who[64];
};

static void take_unproven(void *context, const char *who, unsigned count)
{
    struct unproven *unproven = context;

    assert_true(count > 0);
    unproven->calls++;
    snprintf(unproven->who, sizeof unproven->who, "%s", who);
}

/* Has a host answer with an id, and another name of it, or the same, without one. */
static void answer_with_an_id_and_without(const char *first, const char *then)
{
    struct pidstat_target target = {.host = first, .pid = 42};
    struct unproven unproven = {0};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker_options options = {
        .try_ms = 100, .unproven = take_unproven, .unproven_context = &unproven};
    struct pidstat_asker *asker;

    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one_with_id(asker, &puppet);
    puppet_answers(&puppet, "EXIS 42 1", "");
    wait_calls(asker, &record, 1);
    target.host = then;
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    /* It needs none in its name. */
    assert_null(strstr(puppet.heard, ELSEWHERE "~"));
    while (record.calls < 2) {
        puppet_answers_classic(&puppet, "EXIS 42 0");
        turn(asker, 10);
    }
    assert_false(record.answered);
    assert_int_equal(unproven.calls, 1);
    assert_non_null(strstr(unproven.who, ELSEWHERE));
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void who_has_ever_answered_with_an_id_is_not_believed_without(void **state)
{
    (void)state;
    answer_with_an_id_and_without(ELSEWHERE, ELSEWHERE);
}

static void a_host_by_another_name_is_not_believed_without_an_id_either(void **state)
{
    (void)state;
    answer_with_an_id_and_without(ELSEWHERE, "::ffff:" ELSEWHERE);
}

static void classic_daemons_can_be_refused(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker_options options = {.no_classic = true};
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one_with_id(asker, &puppet);
    puppet_answers_classic(&puppet, "EXIS 42 0");
    wait_calls(asker, &record, 1);
    assert_true(record.classic);
    assert_int_equal(record.state, PIDSTAT_UNKNOWN);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

/* Another than the first that is asked means that the first one's socket is closed. */
/* The kernel's list, less the descriptor that reads it: whoever started this may have left some of
 * his open. */
static int count_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int n = -3; /* and "." and ".." */

    assert_non_null(list);
    while (readdir(list) != NULL)
        n++;
    closedir(list);
    return n;
}

static void sockets_are_bounded_and_the_oldest_goes_first(void **state)
{
    struct pidstat_target target = {.pid = 42, .flags = ASK_BY_NETWORK};
    /* Long enough to send all of them, also where each step is slow. */
    const struct pidstat_asker_options options = {.port = 9, .try_ms = 500, .max_sockets = 3};
    struct pidstat_asker *asker = pidstat_asker_create(&options);
    struct record record = {0};
    char host[20];
    int before = count_descriptors();

    (void)state;
    target.host = host;
    target.tries = 1;
    for (int i = 1; i <= 20; i++) {
        snprintf(host, sizeof host, "127.0.1.%d", i);
        pidstat_asker_ask(asker, &target, take, &record);
    }
    wait_calls(asker, &record, 20);
    assert_int_equal(count_descriptors() - before, 3);
    pidstat_asker_destroy(asker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_answers_are_ignored),
        cmocka_unit_test(a_classic_daemon_proves_an_end_but_no_identity),
        cmocka_unit_test(who_has_ever_answered_with_an_id_is_not_believed_without),
        cmocka_unit_test(a_host_by_another_name_is_not_believed_without_an_id_either),
        cmocka_unit_test(classic_daemons_can_be_refused),
        cmocka_unit_test(sockets_are_bounded_and_the_oldest_goes_first),
    };

    return cmocka_run_group_tests_name("asker_belief", tests, NULL, NULL);
}
