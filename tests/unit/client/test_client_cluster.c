/* The client among several servers: those that share one state, and those that do not.
 * Must not need a port of its own choice; what is silent takes its time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"
#include "several_servers.h"

static void both_go_on_where_the_state_is(void **state)
{
    struct ipclocker *holder, *waiter, *both[2];
    struct ipclocker_ping_status status;
    uint64_t token;
    int64_t end_ms;
    int result;

    (void)state;
    several_start(0, "farm-7", several_state);
    both[0] = holder = several_handle("h", NULL);
    both[1] = waiter = several_handle("w", NULL);
    assert_int_equal(ipclocker_lock(holder), 0);
    token = ipclocker_token(holder);
    several_queue_up(waiter);
    several_stop(0);
    several_start(2, "farm-7", several_state);
    end_ms = clock_now_ms() + PATIENCE_MS;
    /* Until both are there: the waiter has a place again, and the session of the holder is back. */
    for (struct ipclocker_wait wait = {0}; wait.position == 0 || ipclocker_fd(holder) < 0;) {
        assert_int_equal(ipclocker_process(holder), 1);
        assert_int_equal(ipclocker_process(waiter), 0);
        several_drive(both, 2, 100);
        ipclocker_wait(waiter, &wait);
        assert_true(clock_now_ms() < end_ms);
    }
    assert_int_equal(ipclocker_ping_status(holder, &status), 0);
    assert_string_equal(status.cluster, "farm-7");
    assert_int_equal(ipclocker_token(holder), token);
    several_is_owner(2, "h");
    assert_int_equal(ipclocker_unlock(holder), 0);
    while ((result = ipclocker_process(waiter)) == 0)
        several_drive(&waiter, 1, 100);
    assert_int_equal(result, 1);
    assert_true(ipclocker_token(waiter) > token);
    assert_int_equal(ipclocker_unlock(waiter), 0);
    ipclocker_destroy(holder);
    ipclocker_destroy(waiter);
}

static void strangers_are_asked_nothing(void **state)
{
    struct several_notices notices = {0};
    struct ipclocker *holder, *waiter, *both[2];
    int64_t end_ms;
    uint64_t token;

    (void)state;
    several_start(0, "farm-7", several_state);
    several_start(1, "farm-8", NULL);
    several_start(2, NULL, NULL);
    both[0] = holder = several_handle("h", NULL);
    both[1] = waiter = several_handle("w", &notices);
    assert_int_equal(ipclocker_lock(holder), 0);
    token = ipclocker_token(holder);
    several_queue_up(waiter);
    several_stop(0);
    end_ms = clock_now_ms() + PATIENCE_MS;
    while (notices.count[IPCLOCKER_NOTICE_RETRY] == 0 ||
           notices.count[IPCLOCKER_NOTICE_SECOND] == 0 ||
           clock_now_ms() < end_ms - PATIENCE_MS + 1000) {
        assert_int_equal(ipclocker_process(holder), 1);
        assert_int_equal(ipclocker_process(waiter), 0);
        several_drive(both, 2, 100);
        assert_true(clock_now_ms() < end_ms);
    }
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_SECOND], 1);
    assert_non_null(strstr(notices.last[IPCLOCKER_NOTICE_SECOND], "passing over 127.0.0.1:"));
    assert_non_null(strstr(notices.last[IPCLOCKER_NOTICE_RETRY], "(it is of another cluster)"));
    assert_non_null(strstr(notices.last[IPCLOCKER_NOTICE_RETRY], "(it is of no cluster)"));
    /* Not so much as a free lock was taken there. */
    several_is_owner(1, "");
    several_is_owner(2, "");
    /* Nor is anything given back there. */
    ipclocker_set_connect_tries(holder, 1);
    expect_failure(holder, ipclocker_unlock(holder), EPROTO);
    assert_true(ipclocker_locked(holder));
    several_start(0, "farm-7", several_state);
    assert_int_equal(ipclocker_unlock(holder), 0);
    while (ipclocker_process(waiter) == 0)
        several_drive(&waiter, 1, 100);
    assert_true(ipclocker_token(waiter) > token);
    ipclocker_destroy(holder);
    ipclocker_destroy(waiter);
}

static void without_an_id_no_other_is_asked(void **state)
{
    struct ipclocker *holder;
    int64_t end_ms;

    (void)state;
    several_start(0, NULL, several_state);
    several_start(1, NULL, NULL);
    several_start(2, "farm-7", NULL);
    holder = several_handle("h", NULL);
    assert_int_equal(ipclocker_lock(holder), 0);
    several_stop(0);
    for (end_ms = clock_now_ms() + 1000; clock_now_ms() < end_ms;) {
        assert_int_equal(ipclocker_process(holder), 1);
        several_drive(&holder, 1, 100);
    }
    several_is_owner(1, "");
    several_is_owner(2, "");
    several_start(0, NULL, several_state);
    assert_int_equal(ipclocker_unlock(holder), 0);
    several_is_owner(0, "");
    ipclocker_destroy(holder);
}

static void what_another_of_the_cluster_says_is_believed(void **state)
{
    struct ipclocker *holder, *other;
    int64_t end_ms = clock_now_ms() + PATIENCE_MS;
    int result;

    (void)state;
    several_start(0, "farm-7", several_state);
    holder = several_handle("h", NULL);
    assert_int_equal(ipclocker_lock(holder), 0);
    several_stop(0);
    several_start(1, "farm-7", several_state);
    other = several_onlooker(1);
    assert_int_equal(ipclocker_break_lock(other), 1);
    while ((result = ipclocker_process(holder)) == 1) {
        several_drive(&holder, 1, 100);
        assert_true(clock_now_ms() < end_ms);
    }
    expect_failure(holder, result, ENOLCK);
    ipclocker_destroy(holder);
    ipclocker_destroy(other);
}

/* Says at once to whoever comes all that could harm, and notes the words that it hears. */
static void start_liar(int number, const char *lies, const char *heard_path)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(several_servers[number].port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    several_servers[number].pid = fork();
    if (several_servers[number].pid != 0) {
        close(fd);
        return;
    }
    for (FILE *heard = fopen(heard_path, "we");;) {
        char bytes[4096];
        int client = accept(fd, NULL, NULL);
        ssize_t len;

        send(client, lies, strlen(lies), MSG_NOSIGNAL);
        while ((len = recv(client, bytes, sizeof bytes, 0)) > 0)
            fwrite(bytes, 1, (size_t)len, heard);
        fflush(heard);
        close(client);
    }
}

static void what_a_stranger_says_is_not_believed(void **state)
{
    char lies[256], path[80], heard[256] = "";
    struct ipclocker *holder;
    int64_t end_ms;
    FILE *file;

    (void)state;
    several_start(0, "farm-7", several_state);
    holder = several_handle("h", NULL);
    assert_int_equal(ipclocker_lock(holder), 0);
    snprintf(path, sizeof path, "%s/heard", several_folder);
    snprintf(lies, sizeof lies,
             "proto 2\nlost %llu broken\nowner o\nlocked 0\nerror no\n\n\ncluster farm-70\n"
             "lost %llu broken\nversion 9.9 1\n\nowner o\nlocked 0\n\n\n",
             (unsigned long long)ipclocker_token(holder),
             (unsigned long long)ipclocker_token(holder));
    start_liar(1, lies, path);
    start_liar(2, strstr(lies, "cluster"), path);
    several_stop(0);
    for (end_ms = clock_now_ms() + 1500; clock_now_ms() < end_ms;) {
        assert_int_equal(ipclocker_process(holder), 1);
        several_drive(&holder, 1, 100);
    }
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(heard, sizeof heard, file) != NULL) {
        if (strcmp(heard, "proto 2\n") != 0 && strcmp(heard, "VERSION\n") != 0 &&
            strcmp(heard, "auth\n") != 0)
            fail_msg("a stranger was told %s", heard);
    }
    fclose(file);
    assert_string_not_equal(heard, "");
    several_start(0, "farm-7", several_state);
    assert_int_equal(ipclocker_unlock(holder), 0);
    several_is_owner(0, "");
    ipclocker_destroy(holder);
}

/* Whether the handle's connection is to that server. */
static bool has_moved(const struct ipclocker *lock, int number)
{
    struct sockaddr_in peer = {0};
    socklen_t len = sizeof peer;
    int fd = ipclocker_fd(lock);

    return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
           ntohs(peer.sin_port) == several_servers[number].port;
}

static void a_frozen_server_is_left_for_another_of_its_cluster(void **state)
{
    struct several_notices notices = {0};
    struct ipclocker *holder, *waiter, *both[2];
    int64_t end_ms = clock_now_ms() + PATIENCE_MS, began_ms;
    bool is_left = false;

    (void)state;
    several_start(0, "farm-7", NULL);
    both[0] = holder = several_handle("h", NULL);
    both[1] = waiter = several_handle("w", &notices);
    assert_int_equal(ipclocker_lock(holder), 0);
    several_queue_up(waiter);
    kill(several_servers[0].pid, SIGSTOP);
    several_start(2, "farm-7", NULL);
    began_ms = clock_now_ms();
    /* It knows of nothing: who comes first has the lock there. */
    for (bool are_there[2] = {false}; !are_there[0] || !are_there[1];) {
        for (int i = 0; i < 2; i++) {
            int result = ipclocker_process(both[i]);
            struct ipclocker_wait wait;

            ipclocker_wait(both[i], &wait);
            if (result < 0)
                assert_int_equal(errno, ENOLCK);
            are_there[i] = i == 0 ? result < 0 || has_moved(holder, 2)
                                  : result > 0 || (is_left && wait.position > 0);
            is_left = notices.count[IPCLOCKER_NOTICE_RETRY] > 0;
        }
        several_drive(both, 2, 100);
        assert_true(clock_now_ms() < end_ms);
    }
    assert_true(clock_now_ms() - began_ms >= 9000);
    assert_non_null(strstr(notices.last[IPCLOCKER_NOTICE_RETRY], "answers again"));
    ipclocker_destroy(holder);
    ipclocker_destroy(waiter);
}

/* What connects to that port hears nothing: its queue is full. */
static void start_deaf(int number, int fds[static 8])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(several_servers[number].port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fds[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fds[0], (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    for (int i = 1; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fds[i], (struct sockaddr *)&address, sizeof address);
    }
}

static void who_was_faster_with_an_answer_is_not_preferred_for_a_lock(void **state)
{
    struct ipclocker *holder;
    int fds[8];

    (void)state;
    /* A server that is begun later would have the listener as well. */
    several_start(1, NULL, NULL);
    start_deaf(0, fds);
    holder = several_handle("h", NULL);
    assert_int_equal(ipclocker_holds(holder), 0);
    assert_true(has_moved(holder, 1));
    assert_int_equal(ipclocker_holds(holder), 0);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    several_start(0, NULL, several_state);
    assert_int_equal(ipclocker_lock(holder), 0);
    several_is_owner(0, "h");
    several_is_owner(1, "");
    assert_int_equal(ipclocker_unlock(holder), 0);
    several_is_owner(0, "");
    ipclocker_destroy(holder);
}

static void the_sign_of_life_of_the_server_answers_no_other_question(void **state)
{
    struct ipclocker_forecast forecast;
    struct ipclocker *holder;

    (void)state;
    several_start(0, "farm-7", NULL);
    holder = several_handle("h", NULL);
    assert_int_equal(ipclocker_lock(holder), 0);
    while (ipclocker_timeout(holder) > 0)
        several_drive(&holder, 1, 100);
    /* It is asked now, and what it says comes to what is asked next. */
    assert_int_equal(ipclocker_process(holder), 1);
    assert_int_equal(ipclocker_explain(holder, &forecast), 0);
    /* And it counts. */
    assert_true(ipclocker_timeout(holder) > 0);
    assert_int_equal(ipclocker_process(holder), 1);
    assert_int_equal(ipclocker_unlock(holder), 0);
    ipclocker_destroy(holder);
}

static void a_request_at_a_frozen_server_goes_to_another_that_comes(void **state)
{
    struct several_notices notices = {0};
    struct ipclocker *waiter;
    int64_t end_ms = clock_now_ms() + PATIENCE_MS / 2;
    int result;

    (void)state;
    several_start(0, "farm-7", NULL);
    kill(several_servers[0].pid, SIGSTOP);
    waiter = several_handle("w", &notices);
    assert_int_equal(ipclocker_lock_start(waiter), 0);
    while ((result = ipclocker_process(waiter)) == 0) {
        /* It is told that there is no other one. */
        if (notices.count[IPCLOCKER_NOTICE_RETRY] > 0 && several_servers[2].pid == 0)
            several_start(2, "farm-7", NULL);
        several_drive(&waiter, 1, 100);
        assert_true(clock_now_ms() < end_ms);
    }
    assert_int_equal(result, 1);
    several_is_owner(2, "w");
    assert_int_equal(ipclocker_unlock(waiter), 0);
    ipclocker_destroy(waiter);
}

static void a_server_that_has_started_anew_is_not_two(void **state)
{
    struct several_notices notices = {0};
    struct ipclocker *lock = several_handle("u", &notices);
    struct ipclocker_ping_status status;
    uint64_t started;

    (void)state;
    /* Who asks how to prove who he is is told of the server as well. */
    setenv("IPCLOCKER_AUTH", "munge", true);
    several_start(0, NULL, several_state);
    /* It is heard of in a later second than that of its start, and in that starts anew. */
    usleep(1100000);
    while (clock_wall_ms() % 1000 > 100)
        usleep(10000);
    assert_int_equal(ipclocker_ping_status(lock, &status), 0);
    started = status.started;
    several_stop(0);
    several_start(1, NULL, several_state);
    assert_int_equal(ipclocker_ping_status(lock, &status), 0);
    assert_true(status.started > started);
    /* That another one is asked, and no more. */
    assert_int_equal(notices.count[IPCLOCKER_NOTICE_SECOND], 1);
    unsetenv("IPCLOCKER_AUTH");
    ipclocker_destroy(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_go_on_where_the_state_is, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(strangers_are_asked_nothing, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(without_an_id_no_other_is_asked, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(what_another_of_the_cluster_says_is_believed, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(what_a_stranger_says_is_not_believed, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(a_frozen_server_is_left_for_another_of_its_cluster,
                                        several_setup, several_teardown),
        cmocka_unit_test_setup_teardown(the_sign_of_life_of_the_server_answers_no_other_question,
                                        several_setup, several_teardown),
        cmocka_unit_test_setup_teardown(a_request_at_a_frozen_server_goes_to_another_that_comes,
                                        several_setup, several_teardown),
        cmocka_unit_test_setup_teardown(a_server_that_has_started_anew_is_not_two, several_setup,
                                        several_teardown),
        cmocka_unit_test_setup_teardown(who_was_faster_with_an_answer_is_not_preferred_for_a_lock,
                                        several_setup, several_teardown),
    };

    return cmocka_run_group_tests_name("client_cluster", tests, NULL, NULL);
}
