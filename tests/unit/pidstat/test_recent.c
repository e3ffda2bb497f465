/* What a server knows of recently asked processes, against what becomes of these.
 * Must not wait for anything but what it has caused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pidstat/recent.h"
#include "process/process.h"
#include "tests/unit/process/process_fixture.h"

enum { LOOK_US = 1000, LOOKS = 30000, OFTEN = 20 };

static enum pidstat_state ask(struct recent *recent, pid_t pid)
{
    recent_begin(recent);
    return recent_look_up(recent, pid, 0, NULL);
}

static enum pidstat_state ask_of(struct recent *recent, pid_t pid, uint64_t start)
{
    recent_begin(recent);
    return recent_look_up(recent, pid, start, NULL);
}

static uint64_t ask_start(struct recent *recent, pid_t pid)
{
    uint64_t started = 0;

    recent_begin(recent);
    assert_int_equal(recent_look_up(recent, pid, 0, &started), PIDSTAT_EXISTS);
    return started;
}

/* Ends one and leaves it to be reaped. */
static void make_zombie(pid_t pid)
{
    siginfo_t info;

    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static int lowest_free_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

/* How many descriptors may be open; 0 is as many as before. */
static void limit_descriptors(unsigned count)
{
    static struct rlimit before;
    struct rlimit limit;

    if (before.rlim_max == 0)
        getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    if (count > 0)
        limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void a_process_exists_until_it_ends(void **state)
{
    struct recent *recent = recent_create(10);
    pid_t pid = start_sleeper();

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(recent, pid), PIDSTAT_EXISTS);
    end_sleeper(pid);
    assert_int_equal(ask(recent, pid), PIDSTAT_GONE);
    assert_int_equal(recent_count(recent), 0);
    assert_int_equal(ask(recent, 0), PIDSTAT_GONE);
    assert_int_equal(ask(recent, -1), PIDSTAT_GONE);
    assert_int_equal(ask(recent, INT32_MAX), PIDSTAT_GONE);
    recent_destroy(recent);
}

static void a_zombie_has_ended(void **state)
{
    struct recent *recent = recent_create(10);
    pid_t pid = start_sleeper();

    (void)state;
    assert_int_equal(ask(recent, pid), PIDSTAT_EXISTS);
    make_zombie(pid);
    assert_int_equal(ask(recent, pid), PIDSTAT_GONE);
    assert_int_equal(ask(recent, pid), PIDSTAT_GONE);
    end_sleeper(pid);
    recent_destroy(recent);
}

static void the_start_is_compared_and_told(void **state)
{
    struct recent *recent = recent_create(10);
    pid_t pid = start_sleeper();
    uint64_t start = process_start_time(pid);

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_start(recent, pid), start);
        assert_int_equal(ask_of(recent, pid, start), PIDSTAT_EXISTS);
        assert_int_equal(ask_of(recent, pid, start + 1), PIDSTAT_GONE);
    }
    end_sleeper(pid);
    assert_int_equal(ask_of(recent, pid, start), PIDSTAT_GONE);
    recent_destroy(recent);
}

/* With no descriptor to be had there is no look at a process that has to be opened, nor at /proc.
 */
static void one_that_was_asked_for_takes_no_look(void **state)
{
    struct recent *recent = recent_create(10);
    pid_t pid = start_sleeper();
    uint64_t start = process_start_time(pid), started = 0;

    (void)state;
    if (!lacks_pidfd("what takes no look")) {
        assert_int_equal(ask_of(recent, pid, start), PIDSTAT_EXISTS);
        limit_descriptors(1);
        assert_int_equal(process_lookup(pid, start), PIDSTAT_UNKNOWN);
        assert_int_equal(ask_of(recent, pid, start), PIDSTAT_EXISTS);
        assert_int_equal(recent_look_up(recent, pid, 0, &started), PIDSTAT_EXISTS);
        assert_int_equal(started, start);
        limit_descriptors(0);
    }
    end_sleeper(pid);
    recent_destroy(recent);
}

/* 0 where the kernel does not let us choose one, -1 where another process has it. */
static pid_t start_sleeper_as(pid_t pid)
{
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&pid, .set_tid_size = 1};
    long result = syscall(SYS_clone3, &args, sizeof args);

    if (result == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    if (result < 0)
        return errno == EEXIST ? -1 : 0;
    return (pid_t)result;
}

/* One of which that is known, and which ends when the clock has gone on. */
static pid_t end_known_sleeper(struct recent *recent, uint64_t *start)
{
    pid_t pid = start_sleeper();

    *start = ask_start(recent, pid);
    while (process_clock() <= *start + 1)
        usleep(LOOK_US);
    end_sleeper(pid);
    return pid;
}

static void who_has_its_pid_next_is_another(void **state)
{
    struct recent *recent = recent_create(10);
    uint64_t start;
    pid_t pid, next;

    (void)state;
    do {
        pid = end_known_sleeper(recent, &start);
        next = start_sleeper_as(pid);
    } while (next < 0);
    if (next == 0) {
        print_message("# not tried: who has a pid next, as no pid can be chosen here\n");
        recent_destroy(recent);
        return;
    }
    assert_int_equal(next, pid);
    assert_int_equal(ask_of(recent, pid, start), PIDSTAT_GONE);
    assert_int_equal(ask(recent, pid), PIDSTAT_EXISTS);
    assert_true(ask_start(recent, pid) > start);
    assert_int_equal(ask_of(recent, pid, start), PIDSTAT_GONE);
    end_sleeper(next);
    recent_destroy(recent);
}

static void no_more_are_kept_than_may_be(void **state)
{
    enum { MAX = 3, COUNT = 10, ROUNDS = 4 };
    struct recent *recent = recent_create(MAX);
    int free_before = lowest_free_descriptor();
    pid_t pids[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++)
        pids[i] = start_sleeper();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(ask(recent, pids[i]), i < round ? PIDSTAT_GONE : PIDSTAT_EXISTS);
        assert_true(recent_count(recent) <= MAX);
        assert_true(lowest_free_descriptor() <= free_before + MAX);
        end_sleeper(pids[round]);
    }
    for (int i = ROUNDS; i < COUNT; i++)
        end_sleeper(pids[i]);
    recent_destroy(recent);
    assert_true(lowest_free_descriptor() < free_before);
}

static void who_was_asked_for_longest_ago_makes_room(void **state)
{
    struct recent *recent = recent_create(2);
    pid_t pids[3] = {start_sleeper(), start_sleeper(), start_sleeper()};

    (void)state;
    if (!lacks_pidfd("who makes room")) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(ask(recent, pids[i % 2]), PIDSTAT_EXISTS);
        for (int i = 0; i < OFTEN; i++)
            assert_int_equal(ask(recent, pids[2]), PIDSTAT_EXISTS);
        limit_descriptors(1);
        assert_int_equal(ask(recent, pids[0]), PIDSTAT_EXISTS);
        assert_int_equal(ask(recent, pids[2]), PIDSTAT_EXISTS);
        assert_int_equal(recent_count(recent), 2);
        /* That one has to be opened, for which what is kept is given up. */
        assert_int_equal(ask(recent, pids[1]), PIDSTAT_EXISTS);
        assert_int_equal(recent_count(recent), 0);
        limit_descriptors(0);
    }
    for (int i = 0; i < 3; i++)
        end_sleeper(pids[i]);
    recent_destroy(recent);
}

static void many_that_end_at_once_are_all_heard_of(void **state)
{
    enum { COUNT = 150 };
    struct recent *recent = recent_create(COUNT + 1);
    pid_t pids[COUNT], other = start_sleeper();

    (void)state;
    assert_int_equal(ask(recent, other), PIDSTAT_EXISTS);
    for (int i = 0; i < COUNT; i++) {
        pids[i] = start_sleeper();
        assert_int_equal(ask(recent, pids[i]), PIDSTAT_EXISTS);
    }
    for (int i = 0; i < COUNT; i++)
        end_sleeper(pids[i]);
    assert_int_equal(ask(recent, other), PIDSTAT_EXISTS);
    assert_true(recent_count(recent) <= 1);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(ask(recent, pids[i]), PIDSTAT_GONE);
    end_sleeper(other);
    recent_destroy(recent);
}

static void descriptors_that_run_out_are_given_back(void **state)
{
    enum { COUNT = 40 };
    struct recent *recent = recent_create(COUNT);
    pid_t pids[COUNT], zombie = start_sleeper();
    size_t kept;

    (void)state;
    make_zombie(zombie);
    for (int i = 0; i < COUNT; i++)
        pids[i] = start_sleeper();
    if (!lacks_pidfd("descriptors that run out")) {
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(ask(recent, pids[i]), PIDSTAT_EXISTS);
        limit_descriptors((unsigned)lowest_free_descriptor());
        /* By kill(2) alone it would exist. */
        assert_int_equal(ask(recent, zombie), PIDSTAT_GONE);
        kept = recent_count(recent);
        assert_int_equal(kept, COUNT * 3 / 4);
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(ask_of(recent, pids[i], process_start_time(pids[i])), PIDSTAT_EXISTS);
        /* The rest is for others. */
        assert_int_equal(recent_count(recent), kept);
        limit_descriptors(0);
    }
    for (int i = 0; i < COUNT; i++)
        end_sleeper(pids[i]);
    end_sleeper(zombie);
    recent_destroy(recent);
}

/* A process that we have forked holds copies of descriptors that we have closed. */
static void an_end_that_is_told_of_late_is_nobody_else_s(void **state)
{
    struct recent *recent = recent_create(1);
    pid_t first = start_sleeper(), second = start_sleeper(), holder;

    (void)state;
    assert_int_equal(ask(recent, first), PIDSTAT_EXISTS);
    holder = start_sleeper();
    for (int i = 0; i < OFTEN; i++)
        assert_int_equal(ask(recent, second), PIDSTAT_EXISTS);
    end_sleeper(first);
    if (!lacks_pidfd("what is kept of two")) {
        assert_int_equal(ask(recent, second), PIDSTAT_EXISTS);
        assert_int_equal(recent_count(recent), 1);
    }
    end_sleeper(second);
    assert_int_equal(ask(recent, second), PIDSTAT_GONE);
    assert_int_equal(ask(recent, first), PIDSTAT_GONE);
    end_sleeper(holder);
    recent_destroy(recent);
}

static void *become_sleep(void *leader)
{
    if (leader != NULL)
        pthread_join(*(pthread_t *)leader, NULL);
    execl("/bin/sleep", "sleep", "1000", (char *)NULL);
    _exit(1);
}

/* A child whose first thread ends, and whose second one executes a program. */
static pid_t start_changing(void)
{
    static pthread_t leader;
    pid_t pid = fork();

    if (pid == 0) {
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        leader = pthread_self();
        setpgid(0, 0); /* see tests/support/guard.py */
        raise(SIGSTOP);
        pthread_create(&thread, NULL, become_sleep, &leader);
        pthread_exit(NULL);
    }
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    return pid;
}

static bool is_called(pid_t pid, const char *name)
{
    char path[40], text[32] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    if (file != NULL)
        fclose(file);
    return strncmp(text, name, strlen(name)) == 0;
}

static void a_process_is_the_same_whatever_thread_executes_what(void **state)
{
    struct recent *recent = recent_create(10);
    pid_t pid = start_changing();
    uint64_t start = ask_start(recent, pid);
    int looks = 0;

    (void)state;
    kill(pid, SIGCONT);
    do {
        assert_int_equal(ask_of(recent, pid, start), PIDSTAT_EXISTS);
        usleep(LOOK_US);
        assert_true(++looks < LOOKS);
    } while (!is_called(pid, "sleep"));
    assert_int_equal(ask_of(recent, pid, start), PIDSTAT_EXISTS);
    end_sleeper(pid);
    assert_int_equal(ask_of(recent, pid, start), PIDSTAT_GONE);
    recent_destroy(recent);
}

static void who_knows_of_an_end_hears_of_no_other_state(void **state)
{
    enum { TIMES = 300 };
    struct recent *recent = recent_create(4);

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        ask(recent, pid); /* either, as it is just ending */
        waitpid(pid, NULL, 0);
        assert_int_equal(ask(recent, pid), PIDSTAT_GONE);
    }
    recent_destroy(recent);
}

static void where_none_may_be_kept_all_is_looked_at(void **state)
{
    struct recent *recent = recent_create(0);
    pid_t pid = start_sleeper();

    (void)state;
    assert_int_equal(ask_start(recent, pid), process_start_time(pid));
    assert_int_equal(recent_count(recent), 0);
    assert_false(recent_give_back(recent));
    end_sleeper(pid);
    assert_int_equal(ask(recent, pid), PIDSTAT_GONE);
    recent_destroy(recent);
    recent_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_exists_until_it_ends),
        cmocka_unit_test(a_zombie_has_ended),
        cmocka_unit_test(the_start_is_compared_and_told),
        cmocka_unit_test(one_that_was_asked_for_takes_no_look),
        cmocka_unit_test(who_has_its_pid_next_is_another),
        cmocka_unit_test(no_more_are_kept_than_may_be),
        cmocka_unit_test(who_was_asked_for_longest_ago_makes_room),
        cmocka_unit_test(many_that_end_at_once_are_all_heard_of),
        cmocka_unit_test(descriptors_that_run_out_are_given_back),
        cmocka_unit_test(an_end_that_is_told_of_late_is_nobody_else_s),
        cmocka_unit_test(a_process_is_the_same_whatever_thread_executes_what),
        cmocka_unit_test(who_knows_of_an_end_hears_of_no_other_state),
        cmocka_unit_test(where_none_may_be_kept_all_is_looked_at),
    };

    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
