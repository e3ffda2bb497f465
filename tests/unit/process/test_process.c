/* Process identity on real processes: strangers, zombies, threads, namespaces, old kernels.
 * Must leave no process behind. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/proc_stat.h"
#include "process/process.h"
#include "process/process_ref.h"
#include "process_fixture.h"

enum { NOBODY = 65534 };

/* A child that has ended and is not reaped yet. */
static pid_t make_zombie(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_true(pid > 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

/* What process_open() says of a process that has ended. */
static void assert_cannot_open(pid_t pid, uint64_t start)
{
    assert_int_equal(process_open(pid, start), -1);
    assert_true(errno == ESRCH || errno == ENOSYS);
}

/* Runs a check in a child, where it may change what this process must keep; 77 is "cannot". */
static int in_child(int (*check)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(check());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        print_message("# not tried: this machine does not let us\n");
    return WEXITSTATUS(status) == 77 ? 0 : WEXITSTATUS(status);
}

static void this_process_exists_under_its_own_start_only(void **state)
{
    uint64_t start = process_start_time(getpid());

    (void)state;
    assert_true(start > 0);
    assert_int_equal(process_lookup(getpid(), 0), PIDSTAT_EXISTS);
    assert_int_equal(process_lookup(getpid(), start), PIDSTAT_EXISTS);
    assert_int_equal(process_lookup(getpid(), start + 1), PIDSTAT_GONE);
    assert_int_equal(process_lookup(getpid(), UINT64_MAX), PIDSTAT_GONE);
}

static void pids_that_cannot_be_are_gone(void **state)
{
    static const pid_t pids[] = {0, -1, INT32_MIN, INT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        errno = E2BIG;
        assert_int_equal(process_lookup(pids[i], 0), PIDSTAT_GONE);
        assert_int_equal(errno, E2BIG);
        assert_cannot_open(pids[i], 0);
    }
}

static int stranger_sees_us(void)
{
    pid_t parent = getppid();
    uint64_t start = process_start_time(parent);

    if (geteuid() != 0 || setuid(NOBODY) != 0)
        parent = 1;
    if (kill(parent, 0) == 0 || errno != EPERM)
        return 77;
    if (process_lookup(parent, 0) != PIDSTAT_EXISTS)
        return 1;
    return parent != 1 && process_lookup(parent, start) != PIDSTAT_EXISTS ? 2 : 0;
}

static void a_process_of_another_user_exists(void **state)
{
    (void)state;
    assert_int_equal(in_child(stranger_sees_us), 0);
}

static void a_zombie_has_ended(void **state)
{
    pid_t pid = make_zombie();

    (void)state;
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(process_lookup(pid, 0), PIDSTAT_GONE);
    assert_int_equal(process_start_time(pid), 0);
    assert_cannot_open(pid, 0);
    waitpid(pid, NULL, 0);
    assert_int_equal(process_lookup(pid, 0), PIDSTAT_GONE);
}

static void a_descriptor_tells_the_end(void **state)
{
    struct pollfd poll_fd = {.events = POLLIN};
    pid_t pid;

    (void)state;
    if (lacks_pidfd("only the fallback is tried"))
        return;
    pid = start_sleeper();
    assert_cannot_open(pid, process_start_time(pid) + 1);
    poll_fd.fd = process_open(pid, process_start_time(pid));
    assert_true(poll_fd.fd >= 0);
    assert_false(process_has_ended(poll_fd.fd));
    assert_int_equal(poll(&poll_fd, 1, 0), 0);
    kill(pid, SIGKILL);
    assert_int_equal(poll(&poll_fd, 1, 20000), 1);
    assert_true(process_has_ended(poll_fd.fd));
    close(poll_fd.fd);
    waitpid(pid, NULL, 0);
}

struct thread_seen {
    int told[2], go_on[2];
};

static void *tell_id(void *arg)
{
    struct thread_seen *seen = arg;
    pid_t id = (pid_t)syscall(SYS_gettid);
    char byte;

    if (write(seen->told[1], &id, sizeof id) != sizeof id || read(seen->go_on[0], &byte, 1) != 1)
        return NULL;
    return seen;
}

static void a_thread_exists_but_has_no_descriptor(void **state)
{
    struct thread_seen seen;
    pthread_t thread;
    pid_t id;

    (void)state;
    assert_int_equal(pipe(seen.told) | pipe(seen.go_on), 0);
    assert_int_equal(pthread_create(&thread, NULL, tell_id, &seen), 0);
    assert_int_equal(read(seen.told[0], &id, sizeof id), sizeof id);
    assert_int_equal(process_lookup(id, 0), PIDSTAT_EXISTS);
    assert_int_equal(process_lookup(id, process_start_time(id)), PIDSTAT_EXISTS);
    assert_int_equal(process_open(id, 0), -1);
    assert_true(errno == EINVAL || errno == ENOENT || errno == ENOSYS);
    assert_int_equal(write(seen.go_on[1], "x", 1), 1);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) {
        close(seen.told[i]);
        close(seen.go_on[i]);
    }
}

static void *sleep_on(void *arg)
{
    (void)arg;
    pause();
    return NULL;
}

static void a_process_outlives_its_first_thread(void **state)
{
    pid_t pid = fork();
    uint64_t start;
    char path[40], line[256] = "";

    (void)state;
    if (pid == 0) {
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pthread_create(&thread, NULL, sleep_on, NULL);
        pthread_exit(NULL);
    }
    start = process_start_time(pid);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (int i = 0; i < 2000 && strstr(line, ") Z") == NULL; i++) {
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        fclose(file);
        usleep(5000);
    }
    assert_non_null(strstr(line, ") Z"));
    assert_int_equal(process_lookup(pid, 0), PIDSTAT_EXISTS);
    assert_int_equal(process_lookup(pid, start), PIDSTAT_EXISTS);
    assert_true(process_start_time(pid) == start);
    end_sleeper(pid);
}

/* Has the kernel refuse pidfd_open(2), as one before 5.3 does. */
static int lose_pidfd(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) | prctl(PR_SET_SECCOMP, 2, &program);
}

static int old_kernel_knows_all(void)
{
    pid_t pid;
    uint64_t start = process_start_time(getppid());

    if (lose_pidfd() != 0)
        return 77;
    if (process_open(getpid(), 0) != -1 || errno != ENOSYS)
        return 1;
    if (process_lookup(getppid(), start) != PIDSTAT_EXISTS)
        return 2;
    if (process_lookup(getppid(), start + 1) != PIDSTAT_GONE)
        return 3;
    pid = make_zombie();
    if (process_lookup(pid, 0) != PIDSTAT_GONE)
        return 4;
    waitpid(pid, NULL, 0);
    return process_lookup(pid, 0) != PIDSTAT_GONE ? 5 : 0;
}

static int old_kernel_follows_a_process(void)
{
    struct process_ref ref, other;
    pid_t pid = start_sleeper();
    int status = 0;

    if (lose_pidfd() != 0)
        return 77;
    if (process_ref_open(&ref, pid, 0) != 0 || ref.fd != -1 || ref.start == 0)
        return 1;
    if (process_ref_has_ended(&ref))
        return 2;
    other = ref;
    other.start++;
    process_ref_signal(&other, SIGKILL);
    if (!process_ref_has_ended(&other) || process_ref_has_ended(&ref))
        return 3;
    process_ref_signal(&ref, SIGTERM);
    waitpid(pid, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM || !process_ref_has_ended(&ref))
        return 4;
    process_ref_close(&ref);
    return process_ref_open(&ref, pid, 0) == -1 && errno == ESRCH ? 0 : 5;
}

static void a_process_is_followed_without_pidfd(void **state)
{
    (void)state;
    assert_int_equal(in_child(old_kernel_follows_a_process), 0);
}

static void a_process_is_followed_to_its_end(void **state)
{
    pid_t pid = start_sleeper();
    struct process_ref ref;
    int status = 0;

    (void)state;
    assert_int_equal(process_ref_open(&ref, pid, process_start_time(pid)), 0);
    assert_int_equal(ref.pid, pid);
    assert_false(process_ref_has_ended(&ref));
    process_ref_signal(&ref, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_true(process_ref_has_ended(&ref));
    process_ref_signal(&ref, SIGTERM);
    process_ref_close(&ref);
    assert_int_equal(ref.fd, -1);
}

static void no_ref_to_a_process_that_has_ended_or_is_another(void **state)
{
    struct process_ref ref = {.pid = 1, .fd = -2};
    pid_t pid = make_zombie();

    (void)state;
    assert_int_equal(process_ref_open(&ref, pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    waitpid(pid, NULL, 0);
    assert_int_equal(process_ref_open(&ref, getpid(), process_start_time(getpid()) + 1), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(ref.pid, 1);
    assert_int_equal(ref.fd, -2);
}

static void a_kernel_without_pidfd_will_do(void **state)
{
    (void)state;
    assert_int_equal(in_child(old_kernel_knows_all), 0);
}

static int first_of_namespace(void)
{
    int status;
    pid_t pid;

    if (unshare(CLONE_NEWPID) != 0)
        return 77;
    pid = fork();
    if (pid == 0) {
        /* /proc is still the outer one: what it calls 1 is not us. */
        if (getpid() != 1 || process_lookup(1, 0) != PIDSTAT_EXISTS)
            _exit(1);
        if (process_start_time(1) != 0 || process_lookup(1, 12345) != PIDSTAT_UNKNOWN)
            _exit(2);
        _exit(process_lookup(2, 0) != PIDSTAT_GONE ? 3 : 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

static void proc_of_another_namespace_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(in_child(first_of_namespace), 0);
}

static void a_group_is_its_living_members(void **state)
{
    pid_t pid = start_sleeper();

    (void)state;
    assert_int_equal(setpgid(pid, pid), 0);
    assert_true(process_group_has_member(pid, process_clock() + 1));
    assert_false(process_group_has_member(pid, process_start_time(pid)));
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    assert_false(process_group_has_member(pid, process_clock() + 1));
    waitpid(pid, NULL, 0);
}

static void the_boot_and_the_namespace_have_names(void **state)
{
    (void)state;
    assert_int_equal(strlen(process_boot_id()), 36);
    assert_true(process_pid_namespace() != 0);
}

static int check_odd_name(void)
{
    struct proc_stat stat;

    if (prctl(PR_SET_NAME, "a) Z 1 (b") != 0)
        return 77;
    stat = proc_stat_read(getpid());
    return strcmp(stat.name, "a) Z 1 (b") == 0 && stat.state == 'R' && stat.parent == getppid() &&
                   stat.group == getpgrp()
               ? 0
               : 1;
}

static void a_name_with_brackets_hides_nothing(void **state)
{
    struct proc_stat none = proc_stat_read(0);

    (void)state;
    assert_int_equal(in_child(check_odd_name), 0);
    assert_string_equal(none.name, "");
    assert_int_equal(none.state, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_process_exists_under_its_own_start_only),
        cmocka_unit_test(pids_that_cannot_be_are_gone),
        cmocka_unit_test(a_process_of_another_user_exists),
        cmocka_unit_test(a_zombie_has_ended),
        cmocka_unit_test(a_descriptor_tells_the_end),
        cmocka_unit_test(a_thread_exists_but_has_no_descriptor),
        cmocka_unit_test(a_process_outlives_its_first_thread),
        cmocka_unit_test(a_kernel_without_pidfd_will_do),
        cmocka_unit_test(a_process_is_followed_without_pidfd),
        cmocka_unit_test(a_process_is_followed_to_its_end),
        cmocka_unit_test(no_ref_to_a_process_that_has_ended_or_is_another),
        cmocka_unit_test(proc_of_another_namespace_is_not_believed),
        cmocka_unit_test(a_group_is_its_living_members),
        cmocka_unit_test(the_boot_and_the_namespace_have_names),
        cmocka_unit_test(a_name_with_brackets_hides_nothing),
    };

    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
