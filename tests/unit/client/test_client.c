/* The client's calls against a real server on loopback.
 * Must not need a port of its own choice, nor time beyond a few tenths of a second. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_fixture.h"
#include "ipclocker_server.h"

static char port[8];
static pid_t server_pid;

static int start_server(void **state)
{
    struct ipclocker_server *server = ipclocker_server_create();

    (void)state;
    if (server == NULL || ipclocker_server_listen(server, "127.0.0.1", "0") != 0)
        return -1;
    ipclocker_server_set_pidstat_port(server, -1); /* what is reported is not asked about */
    snprintf(port, sizeof port, "%u", ipclocker_server_port(server));
    unsetenv("IPCLOCKER_HOST");
    unsetenv("IPCLOCKER_PORT");
    unsetenv("SLURM_JOB_ID");
    server_pid = fork();
    if (server_pid == 0) {
        ipclocker_server_run(server);
        _exit(0);
    }
    ipclocker_server_destroy(server);
    return server_pid > 0 ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    kill(server_pid, SIGKILL);
    return waitpid(server_pid, NULL, 0) == server_pid ? 0 : -1;
}

/* A handle for the test's server. */
static struct ipclocker *handle(const char *user, const char *names)
{
    struct ipclocker *lock = ipclocker_create();

    assert_non_null(lock);
    assert_int_equal(ipclocker_set_hosts(lock, "127.0.0.1"), 0);
    assert_int_equal(ipclocker_set_port(lock, port), 0);
    if (user != NULL)
        assert_int_equal(ipclocker_set_user(lock, user), 0);
    assert_int_equal(ipclocker_set_locks(lock, names, 1), 0);
    return lock;
}

static void a_lock_is_got_and_given_back(void **state)
{
    struct ipclocker *lock = handle("o", "a:b"), *other = handle("p", "a");

    (void)state;
    assert_string_equal(ipclocker_owner(other), "");
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_true(ipclocker_locked(lock));
    assert_string_equal(ipclocker_lock_name(lock), "a");
    assert_true(ipclocker_token(lock) > 0);
    assert_string_equal(ipclocker_owner(other), "o");
    assert_int_equal(ipclocker_unlock(other), 0);
    assert_string_equal(ipclocker_owner(other), "o");
    assert_int_equal(ipclocker_unlock(lock), 0);
    assert_false(ipclocker_locked(lock));
    assert_string_equal(ipclocker_lock_name(lock), "");
    assert_string_equal(ipclocker_owner(other), "");
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void all_groups_are_got_together(void **state)
{
    struct ipclocker *lock = handle("o", "x"), *other = handle("p", "b3");

    (void)state;
    assert_int_equal(ipclocker_lock(other), 0);
    assert_int_equal(ipclocker_set_locks(lock, "a", 1), 0);
    assert_int_equal(ipclocker_add_locks(lock, "b[2-4]", 2), 0);
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_string_equal(ipclocker_lock_name(lock), "a b2 b4");
    assert_int_equal(ipclocker_unlock(lock), 0);
    assert_int_equal(ipclocker_unlock(other), 0);
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void what_is_taken_is_refused_or_waited_for_in_vain(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a");

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    ipclocker_set_block(other, false);
    expect_failure(other, ipclocker_lock(other), EBUSY);
    ipclocker_set_block(other, true);
    ipclocker_set_wait_limit(other, 500);
    expect_failure(other, ipclocker_lock(other), ETIMEDOUT);
    assert_false(ipclocker_locked(other));
    /* It has left the queue: nobody gets the lock now. */
    assert_int_equal(ipclocker_unlock(lock), 0);
    assert_string_equal(ipclocker_owner(other), "");
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void an_owner_does_not_wait_for_itself(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *same = handle("o", "a");

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_int_equal(ipclocker_set_locks(same, "a:b", 2), 0);
    expect_failure(same, ipclocker_lock(same), EDEADLK);
    /* The whole again is a renewal. */
    assert_int_equal(ipclocker_set_locks(same, "a", 1), 0);
    assert_int_equal(ipclocker_lock(same), 0);
    assert_true(ipclocker_token(same) == ipclocker_token(lock));
    ipclocker_destroy(same);
    ipclocker_destroy(lock);
}

struct notices {
    int count[5];
    char last[5][256];
};

static void on_notice(void *context, enum ipclocker_notice notice, const char *text)
{
    struct notices *notices = context;

    notices->count[notice]++;
    snprintf(notices->last[notice], sizeof notices->last[notice], "%s", text);
}

static void drive(struct ipclocker *lock)
{
    struct pollfd poll_fd = {.fd = ipclocker_fd(lock), .events = ipclocker_events(lock)};
    int timeout_ms = ipclocker_timeout(lock);

    poll(&poll_fd, 1, timeout_ms < 0 || timeout_ms > 100 ? 100 : timeout_ms);
}

/* Goes on until the handle stands in the queue. */
static void queue_up(struct ipclocker *lock)
{
    struct ipclocker_wait wait;

    assert_int_equal(ipclocker_lock_start(lock), 0);
    do {
        assert_int_equal(ipclocker_process(lock), 0);
        drive(lock);
        ipclocker_wait(lock, &wait);
    } while (!wait.waiting || wait.position == 0);
}

static void a_program_can_wait_in_its_own_loop(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a");
    struct notices notices = {0};
    struct ipclocker_wait wait;
    int result;

    (void)state;
    ipclocker_set_notice(other, on_notice, &notices);
    ipclocker_set_verbose(other, true);
    assert_int_equal(ipclocker_lock(lock), 0);
    queue_up(other);
    expect_failure(other, ipclocker_lock_start(other), EALREADY);
    expect_failure(other, ipclocker_owner(other) == NULL ? -1 : 0, EALREADY);
    ipclocker_wait(other, &wait);
    assert_true(wait.waiting);
    assert_int_equal(wait.position, 1);
    assert_string_equal(wait.holder, "o");
    assert_string_equal(wait.lock, "a");
    assert_true(wait.held_ms >= 0 && wait.waited_ms >= 0);
    ipclocker_refresh_wait(other);
    assert_int_equal(ipclocker_unlock(lock), 0);
    while ((result = ipclocker_process(other)) == 0)
        drive(other);
    assert_int_equal(result, 1);
    assert_true(ipclocker_locked(other));
    assert_int_equal(ipclocker_process(other), 1);
    ipclocker_wait(other, &wait);
    assert_false(wait.waiting);
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_WAITING], 1);
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_OBTAINED], 1);
    assert_non_null(strstr(notices.last[IPCLOCKER_NOTICE_WAITING], "held by o"));
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void who_cancels_leaves_the_queue(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a"), *third = handle("q", "a");

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    queue_up(other);
    queue_up(third);
    ipclocker_cancel(other);
    assert_int_equal(ipclocker_fd(other), -1);
    assert_int_equal(ipclocker_unlock(lock), 0);
    while (ipclocker_process(third) == 0)
        drive(third);
    assert_true(ipclocker_locked(third));
    assert_int_equal(ipclocker_unlock(third), 0);
    /* The handle can be used again. */
    assert_int_equal(ipclocker_lock(other), 0);
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
    ipclocker_destroy(third);
}

static void a_wait_may_be_ended_by_others_of_the_same_name(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a"), *same = handle("p", "a");
    int result;

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    queue_up(other);
    assert_int_equal(ipclocker_unlock(same), 0);
    while ((result = ipclocker_process(other)) == 0)
        drive(other);
    expect_failure(other, result, ECANCELED);
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
    ipclocker_destroy(same);
}

static void the_end_of_a_handle_gives_the_lock_back(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a");
    pid_t child;

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    child = fork();
    if (child == 0) {
        /* It is not the process that the handle has. */
        ipclocker_destroy(lock);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_string_equal(ipclocker_owner(other), "o");
    ipclocker_destroy(lock);
    assert_string_equal(ipclocker_owner(other), "");

    lock = handle("o", "a");
    ipclocker_set_destroy_unlock(lock, false);
    assert_int_equal(ipclocker_lock(lock), 0);
    ipclocker_destroy(lock);
    assert_string_equal(ipclocker_owner(other), "o");
    assert_int_equal(ipclocker_break_lock(other), 1);
    ipclocker_destroy(other);
}

static void locks_can_be_broken(void **state)
{
    struct ipclocker *lock = handle("o", "a:b"), *other = handle("p", "a:b");
    struct notices notices = {0};

    (void)state;
    ipclocker_set_notice(other, on_notice, &notices);
    ipclocker_set_verbose(other, true);
    assert_int_equal(ipclocker_break_lock(other), 0);
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_int_equal(ipclocker_break_lock(other), 1);
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_BROKE], 1);
    assert_string_equal(notices.last[IPCLOCKER_NOTICE_BROKE], "taken from o");
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void deaths_of_processes_and_jobs_are_reported(void **state)
{
    static const char *const elsewhere[] = {"192.0.2.78"}, *const blank[] = {"a b"};
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a");

    (void)state;
    assert_int_equal(ipclocker_set_hostname(lock, "192.0.2.77"), 0);
    assert_int_equal(ipclocker_set_pid(lock, 4242), 0);
    assert_int_equal(ipclocker_set_job(lock, "slurm:7"), 0);
    ipclocker_set_autounlock(lock, true);
    assert_int_equal(ipclocker_lock(lock), 0);
    expect_failure(other, ipclocker_dead_pid(other, "a b", 1), EINVAL);
    expect_failure(other, ipclocker_dead_pid(other, "a", 0), EINVAL);
    assert_int_equal(ipclocker_dead_pid(other, "192.0.2.77", 9999), 0);
    assert_string_equal(ipclocker_owner(other), "o");
    assert_int_equal(ipclocker_dead_pid(other, "192.0.2.77", 4242), 0);
    assert_string_equal(ipclocker_owner(other), "");
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_int_equal(ipclocker_dead_job(other, "slurm:8"), 0);
    assert_int_equal(ipclocker_dead_job_before(other, "slurm:7", 1000), 0);
    expect_failure(other, ipclocker_dead_job_on(other, "slurm:7", 1000, elsewhere, 0), EINVAL);
    expect_failure(other, ipclocker_dead_job_on(other, "slurm:7", INT64_MAX, elsewhere, 1), EINVAL);
    expect_failure(other, ipclocker_dead_job_on(other, "slurm:7", 1000, blank, 1), EINVAL);
    assert_int_equal(
        ipclocker_dead_job_on(other, "slurm:7", ipclocker_server_time(other), elsewhere, 1), 0);
    assert_int_equal(ipclocker_dead_job(other, "slurm:7"), 1);
    assert_string_equal(ipclocker_owner(other), "");
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void locks_are_listed(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "b");
    struct ipclocker_list_entry *rows;
    size_t count = 7;
    char *json;

    (void)state;
    rows = ipclocker_lock_list(lock, &count);
    assert_non_null(rows);
    assert_int_equal(count, 0);
    free(rows);
    assert_int_equal(ipclocker_lock(lock), 0);
    assert_int_equal(ipclocker_lock(other), 0);
    rows = ipclocker_lock_list(lock, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "a");
    assert_string_equal(rows[1].owner, "p");
    free(rows);
    json = ipclocker_lock_list_json(lock);
    assert_non_null(strstr(json, "\"name\":\"b\""));
    free(json);
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void servers_answer_a_ping(void **state)
{
    struct ipclocker *lock = handle("o", "a");
    struct ipclocker_ping_status status;

    (void)state;
    assert_true(ipclocker_ping(lock));
    assert_int_equal(ipclocker_ping_status(lock, &status), 0);
    assert_true(status.ok && status.seconds > 0 && status.seconds < 10);
    assert_int_equal(status.protocol, 2);
    assert_true(status.knows_you);
    assert_int_equal(status.you.proof, IPCLOCKER_CLAIMED);
    assert_string_equal(status.version, FARMLOCK_VERSION);
    assert_true(status.started > 1700000000);
    assert_true(ipclocker_server_time(lock) / 1000 >= (int64_t)status.started);
    ipclocker_destroy(lock);
}

static void a_lock_outlives_a_connection_that_is_forgotten(void **state)
{
    struct ipclocker *lock = handle("o", "a"), *other = handle("p", "a");

    (void)state;
    assert_int_equal(ipclocker_lock(lock), 0);
    ipclocker_forget(lock);
    assert_int_equal(ipclocker_fd(lock), -1);
    assert_true(ipclocker_locked(lock));
    assert_string_equal(ipclocker_owner(other), "o");
    assert_int_equal(ipclocker_unlock(lock), 0);
    assert_string_equal(ipclocker_owner(other), "");
    ipclocker_destroy(lock);
    ipclocker_destroy(other);
}

static void no_server_is_told_after_the_last_try(void **state)
{
    struct ipclocker *lock = handle("o", "a");
    struct notices notices = {0};
    struct ipclocker_ping_status status;

    (void)state;
    ipclocker_set_notice(lock, on_notice, &notices);
    ipclocker_set_verbose(lock, true);
    ipclocker_set_connect_tries(lock, 3);
    ipclocker_set_connect_delay(lock, 10);
    /* The port of tcpmux, where nothing listens these days. */
    assert_int_equal(ipclocker_set_hosts(lock, "127.0.0.1=1"), 0);
    expect_failure(lock, ipclocker_lock(lock), ECONNREFUSED);
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_RETRY], 2);
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_DOWN], 1);
    assert_string_equal(ipclocker_error(lock),
                        "no lockerd answers at 127.0.0.1:1 (Connection refused); start one there, "
                        "or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf");
    assert_false(ipclocker_ping(lock));
    assert_int_equal(ipclocker_ping_status(lock, &status), -1);
    assert_false(status.ok);
    assert_string_equal(status.host, "127.0.0.1:1");
    ipclocker_destroy(lock);
}

static void the_host_that_answered_is_asked_first(void **state)
{
    struct ipclocker *lock = ipclocker_create();
    struct ipclocker_ping_status status;
    char hosts[64];

    (void)state;
    snprintf(hosts, sizeof hosts, "127.0.0.1=1:127.0.0.1=%s:127.0.0.1=2", port);
    assert_int_equal(ipclocker_set_hosts(lock, hosts), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ipclocker_ping_status(lock, &status), 0);
        assert_non_null(strstr(status.host, port));
        ipclocker_forget(lock);
    }
    ipclocker_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_got_and_given_back),
        cmocka_unit_test(all_groups_are_got_together),
        cmocka_unit_test(what_is_taken_is_refused_or_waited_for_in_vain),
        cmocka_unit_test(an_owner_does_not_wait_for_itself),
        cmocka_unit_test(a_program_can_wait_in_its_own_loop),
        cmocka_unit_test(who_cancels_leaves_the_queue),
        cmocka_unit_test(a_wait_may_be_ended_by_others_of_the_same_name),
        cmocka_unit_test(the_end_of_a_handle_gives_the_lock_back),
        cmocka_unit_test(locks_can_be_broken),
        cmocka_unit_test(deaths_of_processes_and_jobs_are_reported),
        cmocka_unit_test(locks_are_listed),
        cmocka_unit_test(servers_answer_a_ping),
        cmocka_unit_test(a_lock_outlives_a_connection_that_is_forgotten),
        cmocka_unit_test(no_server_is_told_after_the_last_try),
        cmocka_unit_test(the_host_that_answered_is_asked_first),
    };

    return cmocka_run_group_tests_name("client", tests, start_server, stop_server);
}
