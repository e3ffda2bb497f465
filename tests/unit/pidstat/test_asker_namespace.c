/* What an asker makes of a daemon that speaks for another pid namespace.
 * Must not need one: a puppet says what such a daemon would. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asker_fixture.h"
#include "process/process.h"

#define HOST_NAMESPACE UINT64_C(4026531836)
#define CONTAINER UINT64_C(4026532999)

struct asking {
    struct puppet puppet;
    struct pidstat_asker *asker;
    struct record record;
};

static void asking_init(struct asking *asking, struct pidstat_target target)
{
    const struct pidstat_asker_options options = {.try_ms = 50, .repeat_ms = 50};

    *asking = (struct asking){0};
    puppet_open(&asking->puppet);
    asking->asker = pidstat_asker_create(&options);
    pidstat_asker_set_port(asking->asker, asking->puppet.port);
    target.host = ELSEWHERE;
    target.pid = 42;
    assert_non_null(pidstat_asker_ask(asking->asker, &target, take, &asking->record));
}

static void asking_fini(struct asking *asking)
{
    pidstat_asker_destroy(asking->asker);
    close(asking->puppet.fd);
}

/* Hears a question, repeats its id behind an answer, and waits until that was taken. */
static void answer(struct asking *asking, const char *words)
{
    char text[300];
    const char *id;

    hear_one(asking->asker, &asking->puppet);
    id = strstr(asking->puppet.heard, " id=");
    assert_non_null(id);
    assert_non_null(strstr(asking->puppet.heard, " ns=?"));
    snprintf(text, sizeof text, "EXIS 42 %c " ELSEWHERE "%.20s%s", words[0], id, words + 1);
    puppet_say(&asking->puppet, text);
    wait_calls(asking->asker, &asking->record, asking->record.calls + 1);
}

static void a_container_s_word_is_none_about_its_host(void **state)
{
    struct asking asking;

    (void)state;
    asking_init(&asking, (struct pidstat_target){.flags = ASK_STANDING});
    for (int i = 0; i < 2; i++) {
        answer(&asking, i == 0 ? "0 ns=4026532999" : "1 start=7 ns=4026532999");
        assert_true(asking.record.answered);
        assert_true(asking.record.foreign);
        assert_int_equal(asking.record.state, PIDSTAT_UNKNOWN);
        assert_int_equal(asking.record.pid_namespace, CONTAINER);
    }
    /* The daemon is moved to the host itself. */
    answer(&asking, "0 ns=4026531836");
    assert_false(asking.record.foreign);
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    assert_int_equal(pidstat_asker_pending(asking.asker), 0);
    asking_fini(&asking);
}

static void who_has_seen_the_very_process_may_tell_its_end(void **state)
{
    struct asking asking;

    (void)state;
    asking_init(&asking, (struct pidstat_target){.flags = ASK_STANDING, .start = 7});
    answer(&asking, "0 start=7 ns=4026532999");
    assert_int_equal(asking.record.state, PIDSTAT_UNKNOWN);
    answer(&asking, "1 start=7 ns=4026532999");
    assert_int_equal(asking.record.state, PIDSTAT_EXISTS);
    answer(&asking, "0 start=7 ns=4026532999");
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    asking_fini(&asking);
}

static void a_namespace_that_is_named_must_be_the_one(void **state)
{
    struct asking asking;

    (void)state;
    asking_init(&asking,
                (struct pidstat_target){.flags = ASK_STANDING, .pid_namespace = CONTAINER});
    answer(&asking, "0 ns=4026531836");
    assert_true(asking.record.foreign);
    assert_int_equal(asking.record.state, PIDSTAT_UNKNOWN);
    /* A daemon that does not tell is the host's. */
    answer(&asking, "0");
    assert_int_equal(asking.record.state, PIDSTAT_UNKNOWN);
    answer(&asking, "0 ns=4026532999");
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    asking_fini(&asking);
    asking_init(&asking, (struct pidstat_target){.pid_namespace = HOST_NAMESPACE});
    answer(&asking, "0");
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    asking_fini(&asking);
    asking_init(&asking, (struct pidstat_target){.flags = ASK_ANY_NAMESPACE});
    answer(&asking, "0 ns=4026532999");
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    asking_fini(&asking);
}

static void the_asker_s_own_namespace_is_no_foreign_one(void **state)
{
    struct asking asking;
    char words[100];

    (void)state;
    snprintf(words, sizeof words, "0 boot=%s ns=%" PRIu64, process_boot_id(),
             process_pid_namespace());
    asking_init(&asking, (struct pidstat_target){0});
    answer(&asking, words);
    assert_false(asking.record.foreign);
    assert_int_equal(asking.record.state, PIDSTAT_GONE);
    asking_fini(&asking);
}

static void a_refusal_is_told_and_ends_the_round_early(void **state)
{
    struct asking asking;
    int64_t begun = now_ms();

    (void)state;
    asking_init(&asking, (struct pidstat_target){.tries = 3});
    pidstat_asker_set_try_ms(asking.asker, PATIENCE_MS);
    close(asking.puppet.fd);
    asking.puppet.fd = -1;
    wait_calls(asking.asker, &asking.record, 1);
    assert_true(now_ms() - begun < PATIENCE_MS);
    assert_true(asking.record.refused);
    assert_false(asking.record.answered);
    assert_int_equal(asking.record.state, PIDSTAT_UNKNOWN);
    asking_fini(&asking);
}

int main(void)
{
    const struct CMUnitTest asker_namespace[] = {
        cmocka_unit_test(a_container_s_word_is_none_about_its_host),
        cmocka_unit_test(who_has_seen_the_very_process_may_tell_its_end),
        cmocka_unit_test(a_namespace_that_is_named_must_be_the_one),
        cmocka_unit_test(the_asker_s_own_namespace_is_no_foreign_one),
        cmocka_unit_test(a_refusal_is_told_and_ends_the_round_early),
    };

    return cmocka_run_group_tests(asker_namespace, NULL, NULL);
}
