/* Processes of containers, found from outside.
 * Must not need more than the right to make a pid namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "pidstat/finder.h"
#include "process/proc_stat.h"
#include "process/process.h"

enum { GROUPS = 500, SLOW_MS = 60000 };

struct container {
    pid_t keeper, pid; /* the second is the first process in there, known as 1 */
    struct inner_process inner;
};

struct answer {
    int calls;
    struct finder_result result;
    int64_t at_ms;
};

static void take(void *context, const struct finder_result *result)
{
    struct answer *answer = context;

    answer->calls++;
    answer->result = *result;
    answer->at_ms = clock_now_ms();
}

/* In the keeper: the first process of a new pid namespace tells its pid outside and stays. */
static void keep(int out)
{
    gid_t groups[GROUPS];
    pid_t pid;

    for (int i = 0; i < GROUPS; i++)
        groups[i] = (gid_t)(1000000000 + i);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setgroups(GROUPS, groups) != 0 || unshare(CLONE_NEWPID) != 0 || (pid = fork()) < 0)
        _exit(77);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    if (write(out, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    waitpid(pid, NULL, 0);
    _exit(0);
}

/* False where none may be made. */
static bool container_open(struct container *container)
{
    int pipes[2];
    struct stat st;
    char path[40];

    *container = (struct container){0};
    assert_int_equal(pipe(pipes), 0);
    container->keeper = fork();
    if (container->keeper == 0)
        keep(pipes[1]);
    close(pipes[1]);
    if (read(pipes[0], &container->pid, sizeof container->pid) != sizeof container->pid) {
        close(pipes[0]);
        waitpid(container->keeper, NULL, 0);
        print_message("# no permission to make a pid namespace\n");
        return false;
    }
    close(pipes[0]);
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)container->pid);
    assert_int_equal(stat(path, &st), 0);
    container->inner = (struct inner_process){
        .pid = 1, .start = process_start_time(container->pid), .pid_namespace = st.st_ino};
    assert_int_not_equal(container->inner.start, 0);
    return true;
}

static void container_close(struct container *container)
{
    kill(container->pid, SIGKILL);
    waitpid(container->keeper, NULL, 0);
}

static void turn(struct event_base *base, const struct answer *answer)
{
    int64_t end_ms = clock_now_ms() + SLOW_MS;

    while (answer->calls == 0 && clock_now_ms() < end_ms)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(answer->calls, 1);
}

static void one_that_lives_is_found_however_many_groups_it_has(void **state)
{
    struct event_base *base = event_base_new();
    struct finder *finder = finder_create(base);
    struct container container;
    struct answer answer = {0};

    (void)state;
    if (container_open(&container)) {
        assert_non_null(finder_start(finder, &container.inner, take, &answer));
        turn(base, &answer);
        assert_int_equal(answer.result.state, PIDSTAT_EXISTS);
        assert_int_equal(answer.result.pid, container.pid);
        assert_true(answer.result.is_only);
        container_close(&container);
    }
    finder_destroy(finder);
    event_base_free(base);
}

static void another_one_of_its_start_is_not_it(void **state)
{
    struct container container;
    struct inner_process inner;

    (void)state;
    if (!container_open(&container))
        return;
    inner = container.inner;
    assert_int_equal(inner_process_match(&inner, container.pid), INNER_SAME);
    inner.pid = 2;
    assert_int_equal(inner_process_match(&inner, container.pid), INNER_DIFFERS);
    inner = container.inner;
    inner.start++;
    assert_int_equal(inner_process_match(&inner, container.pid), INNER_DIFFERS);
    inner = container.inner;
    inner.pid_namespace++;
    assert_int_equal(inner_process_match(&inner, container.pid), INNER_DIFFERS);
    container_close(&container);
    assert_int_not_equal(inner_process_match(&container.inner, container.pid), INNER_SAME);
}

static void one_that_has_ended_is_missed_twice_a_second_apart(void **state)
{
    struct event_base *base = event_base_new();
    struct finder *finder = finder_create(base);
    struct container container;
    struct answer answer = {0};
    int64_t began_ms;

    (void)state;
    if (container_open(&container)) {
        container_close(&container);
        began_ms = clock_now_ms();
        assert_non_null(finder_start(finder, &container.inner, take, &answer));
        turn(base, &answer);
        if (inner_process_sees_all()) {
            assert_int_equal(answer.result.state, PIDSTAT_GONE);
            assert_true(answer.at_ms - began_ms >= 1000);
        } else {
            assert_int_equal(answer.result.state, PIDSTAT_UNKNOWN);
        }
    }
    finder_destroy(finder);
    event_base_free(base);
}

static void what_is_cancelled_is_not_told(void **state)
{
    struct event_base *base = event_base_new();
    struct finder *finder = finder_create(base);
    const struct inner_process none = {.pid = 7, .start = 1, .pid_namespace = 1};
    struct answer cancelled = {0}, answer = {0};
    struct finder_search *search = finder_start(finder, &none, take, &cancelled);

    (void)state;
    assert_non_null(finder_start(finder, &none, take, &answer));
    finder_cancel(search);
    turn(base, &answer);
    assert_int_equal(cancelled.calls, 0);
    assert_non_null(finder_start(finder, &none, take, &cancelled));
    finder_destroy(finder);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_lives_is_found_however_many_groups_it_has),
        cmocka_unit_test(another_one_of_its_start_is_not_it),
        cmocka_unit_test(one_that_has_ended_is_missed_twice_a_second_apart),
        cmocka_unit_test(what_is_cancelled_is_not_told),
    };

    return cmocka_run_group_tests_name("finder", tests, NULL, NULL);
}
