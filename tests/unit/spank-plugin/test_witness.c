/* What counts as srun's death, and what does not.
 * Must not need a connection or a daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spank-plugin/witness.h"

/* A connection that was up, without any news since. */
static struct witness witness(enum peer_watch_state line, enum witness_pidstatd pidstatd)
{
    return (struct witness){
        .line = line, .was_up = true, .pidstatd = pidstatd, .unreachable_ms = -1};
}

static void assert_verdict(const struct witness *is, enum witness_verdict expected)
{
    assert_int_equal(witness_judge(is), expected);
}

static void both_say_so(void **state)
{
    struct witness is = witness(PEER_WATCH_REFUSED, PIDSTATD_GONE);

    (void)state;
    assert_verdict(&is, WITNESS_DEAD);
    is.line = PEER_WATCH_SILENT;
    assert_verdict(&is, WITNESS_DEAD);
}

static void a_connection_that_holds_outweighs_pidstatd(void **state)
{
    struct witness is = witness(PEER_WATCH_UP, PIDSTATD_GONE);

    (void)state;
    is.vouched = true;
    assert_verdict(&is, WITNESS_ALIVE);
}

static void a_reset_alone_is_nothing_yet(void **state)
{
    struct witness is = witness(PEER_WATCH_UNKNOWN, PIDSTATD_GONE);

    (void)state;
    assert_verdict(&is, WITNESS_ALIVE);
}

static void a_refusal_waits_for_pidstatd(void **state)
{
    struct witness is = witness(PEER_WATCH_REFUSED, PIDSTATD_PENDING);

    (void)state;
    assert_verdict(&is, WITNESS_ALIVE);
    is.pidstatd = PIDSTATD_SILENT;
    assert_verdict(&is, WITNESS_DEAD);
    is.pidstatd = PIDSTATD_ALIVE;
    assert_verdict(&is, WITNESS_ALIVE);
}

static void a_pidstatd_that_has_vouched_must_take_it_back_itself(void **state)
{
    struct witness is = witness(PEER_WATCH_REFUSED, PIDSTATD_SILENT);

    (void)state;
    is.vouched = true;
    assert_verdict(&is, WITNESS_ALIVE);
    is.pidstatd = PIDSTATD_GONE;
    assert_verdict(&is, WITNESS_DEAD);
}

static void who_was_never_heard_about_life_is_not_heard_about_death(void **state)
{
    struct witness is = witness(PEER_WATCH_REFUSED, PIDSTATD_SILENT);

    (void)state;
    is.was_up = false;
    assert_verdict(&is, WITNESS_ALIVE);
    is.pidstatd = PIDSTATD_GONE;
    assert_verdict(&is, WITNESS_ALIVE);
    is.vouched = true;
    assert_verdict(&is, WITNESS_DEAD);
}

static void silence_is_death_only_where_it_was_made_so_and_for_so_long(void **state)
{
    struct witness is = witness(PEER_WATCH_SILENT, PIDSTATD_SILENT);

    (void)state;
    is.silent_ms = INT64_MAX;
    assert_verdict(&is, WITNESS_ALIVE);
    is.unreachable_ms = 5000;
    assert_verdict(&is, WITNESS_UNREACHABLE);
    is.silent_ms = 4999;
    assert_verdict(&is, WITNESS_ALIVE);
}

static void a_host_that_answers_anybody_is_not_silent(void **state)
{
    struct witness is = witness(PEER_WATCH_SILENT, PIDSTATD_ALIVE);

    (void)state;
    is.silent_ms = INT64_MAX;
    is.unreachable_ms = 0;
    assert_verdict(&is, WITNESS_ALIVE);
    is.pidstatd = PIDSTATD_PENDING;
    assert_verdict(&is, WITNESS_ALIVE);
    is.line = PEER_WATCH_UNKNOWN;
    is.pidstatd = PIDSTATD_SILENT;
    assert_verdict(&is, WITNESS_ALIVE);
}

static void a_host_that_was_never_reached_is_not_dead(void **state)
{
    struct witness is = witness(PEER_WATCH_SILENT, PIDSTATD_SILENT);

    (void)state;
    is.was_up = false;
    is.silent_ms = INT64_MAX;
    is.unreachable_ms = 0;
    assert_verdict(&is, WITNESS_ALIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_say_so),
        cmocka_unit_test(a_connection_that_holds_outweighs_pidstatd),
        cmocka_unit_test(a_reset_alone_is_nothing_yet),
        cmocka_unit_test(a_refusal_waits_for_pidstatd),
        cmocka_unit_test(a_pidstatd_that_has_vouched_must_take_it_back_itself),
        cmocka_unit_test(who_was_never_heard_about_life_is_not_heard_about_death),
        cmocka_unit_test(silence_is_death_only_where_it_was_made_so_and_for_so_long),
        cmocka_unit_test(a_host_that_answers_anybody_is_not_silent),
        cmocka_unit_test(a_host_that_was_never_reached_is_not_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
