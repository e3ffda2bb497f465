/* The asking engine against our own server.
 * Must not sleep where it can wait for something. */
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asker_fixture.h"
#include "pidstat.h"
#include "tests/unit/process/process_fixture.h"

struct pair {
    struct event_base *base;
    struct pidstat_server *server;
    struct pidstat_asker *asker;
};

static struct pidstat_asker *make_patient_asker(uint16_t port)
{
    const struct pidstat_asker_options options = {.port = port, .repeat_ms = 30000};
    struct pidstat_asker *asker = pidstat_asker_create(&options);

    assert_non_null(asker);
    return asker;
}

static void pair_open(struct pair *pair, size_t max_watches)
{
    struct puppet probe;
    char port[8];
    int tries = 0;

    pair->base = event_base_new();
    pair->server = pidstat_server_create();
    pidstat_server_set_host(pair->server, ELSEWHERE);
    pidstat_server_set_max_watches(pair->server, max_watches);
    do {
        /* Somebody else may get it before we do. */
        puppet_open(&probe);
        close(probe.fd);
        snprintf(port, sizeof port, "%u", probe.port);
        pidstat_server_set_port(pair->server, port);
        assert_true(++tries <= 10);
    } while (pidstat_server_listen(pair->server) != 0);
    assert_int_equal(pidstat_server_attach(pair->server, pair->base), 0);
    pair->asker = make_patient_asker(probe.port);
}

static void pair_close(struct pair *pair)
{
    pidstat_asker_destroy(pair->asker);
    pidstat_server_destroy(pair->server);
    event_base_free(pair->base);
}

static struct pidstat_server_stats pair_turn(struct pair *pair)
{
    struct pidstat_server_stats stats;

    event_base_loop(pair->base, EVLOOP_NONBLOCK);
    turn(pair->asker, 1);
    pidstat_server_stats(pair->server, &stats);
    return stats;
}

static void the_server_tells_an_end_to_all_who_watch(void **state)
{
    enum { COUNT = 80 };
    static struct record records[COUNT];
    static struct pidstat_asker *askers[COUNT];
    struct pidstat_target target = {.host = ELSEWHERE, .flags = ASK_STANDING};
    int64_t until = now_ms() + PATIENCE_MS;
    bool killed = false;
    struct pair pair;
    int gone;

    (void)state;
    if (lacks_pidfd("watches are not tried"))
        return;
    target.pid = start_sleeper();
    pair_open(&pair, COUNT);
    memset(records, 0, sizeof records);
    for (int i = 0; i < COUNT; i++) {
        askers[i] = make_patient_asker(pidstat_server_port(pair.server));
        assert_non_null(pidstat_asker_ask(askers[i], &target, take, &records[i]));
    }
    do {
        if (pair_turn(&pair).watches == COUNT && !killed)
            killed = kill(target.pid, SIGKILL) == 0;
        gone = 0;
        for (int i = 0; i < COUNT; i++) {
            pidstat_asker_process(askers[i]);
            gone += records[i].calls > 0 && records[i].state == PIDSTAT_GONE;
        }
        assert_true(now_ms() < until);
    } while (gone < COUNT);
    assert_int_equal(pair_turn(&pair).watches, 0);
    assert_int_equal(pair_turn(&pair).watched, COUNT);
    end_sleeper(target.pid);
    for (int i = 0; i < COUNT; i++)
        pidstat_asker_destroy(askers[i]);
    pair_close(&pair);
}

static void watches_are_bounded_and_polling_goes_on(void **state)
{
    pid_t pids[3];
    struct record records[3] = {{0}};
    struct pair pair;
    struct pidstat_server_stats stats;
    int64_t until = now_ms() + PATIENCE_MS;

    (void)state;
    if (lacks_pidfd("watches are not tried"))
        return;
    pair_open(&pair, 2);
    for (int i = 0; i < 3; i++) {
        struct pidstat_target target = {.host = ELSEWHERE, .flags = ASK_STANDING};

        target.pid = pids[i] = start_sleeper();
        pidstat_asker_ask(pair.asker, &target, take, &records[i]);
    }
    do {
        stats = pair_turn(&pair);
        assert_true(now_ms() < until);
    } while (stats.refused < 1 || stats.watches < 2);
    assert_int_equal(stats.watches, 2);
    for (int i = 0; i < 3; i++)
        end_sleeper(pids[i]);
    do {
        stats = pair_turn(&pair);
        assert_true(now_ms() < until);
    } while (stats.watches > 0);
    assert_int_equal(stats.watched, 2);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_tells_an_end_to_all_who_watch),
        cmocka_unit_test(watches_are_bounded_and_polling_goes_on),
    };

    return cmocka_run_group_tests_name("pidstat_asker_server", tests, NULL, NULL);
}
