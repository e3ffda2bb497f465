/* The order of signals, for processes that do not hear them.
 * Must leave no process behind. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/control_group.h"
#include "process/proc_stat.h"
#include "process/terminate.h"

/* A child that ignores one signal and blocks another, ready when this returns. */
static pid_t start_deaf(int ignored, int blocked)
{
    static const int requests[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    sigset_t set;
    int ends[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        /* A test that fails leaves nobody behind who keeps its output open. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Whoever runs in the background, or under nohup(1), has inherited that some are ignored.
         */
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
            signal(requests[i], SIG_DFL);
        signal(ignored, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, blocked);
        sigprocmask(SIG_BLOCK, &set, NULL);
        if (write(ends[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void what_does_not_hear_a_signal_has_a_next_one(void **state)
{
    pid_t pid = start_deaf(SIGHUP, SIGTERM);

    (void)state;
    assert_int_equal(terminate_next_signal(pid, SIGHUP, 0), 0);
    assert_int_equal(terminate_next_signal(pid, SIGHUP, 2000), SIGTERM);
    assert_int_equal(terminate_next_signal(pid, SIGTERM, 60000), 0);
    kill(pid, SIGTERM);
    assert_int_equal(terminate_next_signal(pid, SIGTERM, 4000), 0);
    assert_int_equal(terminate_next_signal(pid, SIGTERM, 5000), SIGKILL);
    assert_int_equal(terminate_next_signal(pid, SIGINT, 60000), 0);
    end(pid);
    /* Who asked for another signal than one to end with knows what for. */
    pid = start_deaf(SIGUSR1, SIGUSR2);
    assert_int_equal(terminate_next_signal(pid, SIGUSR1, 60000), 0);
    end(pid);
    assert_int_equal(terminate_next_signal(pid, SIGHUP, 60000), 0);
}

/* A real-time signal; valgrind has the last one for itself. */
#define DISTANT (SIGRTMAX - 1)

static void sets_of_signals_are_read(void **state)
{
    struct proc_signals signals;
    pid_t pid = start_deaf(SIGHUP, DISTANT);

    (void)state;
    kill(pid, DISTANT);
    assert_int_equal(proc_signals_read(pid, &signals), 0);
    assert_true(proc_signals_has(signals.ignored, SIGHUP));
    assert_false(proc_signals_has(signals.ignored, DISTANT));
    assert_true(proc_signals_has(signals.blocked, DISTANT));
    assert_true(proc_signals_has(signals.pending, DISTANT));
    assert_false(proc_signals_has(signals.caught, SIGHUP));
    assert_true(proc_signals_has(UINT64_C(1) << 63, SIGRTMAX));
    assert_false(proc_signals_has(UINT64_MAX >> 1, SIGRTMAX));
    assert_false(proc_signals_has(UINT64_MAX, 0));
    assert_false(proc_signals_has(UINT64_MAX, 65));
    end(pid);
    assert_int_equal(proc_signals_read(pid, &signals), -1);
}

static void what_is_stopped_must_go_on_to_hear(void **state)
{
    (void)state;
    assert_true(terminate_needs_continue(SIGHUP));
    assert_true(terminate_needs_continue(SIGUSR1));
    assert_true(terminate_needs_continue(SIGRTMIN));
    assert_false(terminate_needs_continue(SIGKILL));
    assert_false(terminate_needs_continue(SIGSTOP));
    assert_false(terminate_needs_continue(SIGTSTP));
    assert_false(terminate_needs_continue(SIGCONT));
}

struct stubborn {
    int signals, kills, looks, ends_at_kill;
};

static void count_signal(void *context)
{
    ((struct stubborn *)context)->signals++;
}

static void count_kill(void *context)
{
    ((struct stubborn *)context)->kills++;
}

static bool look(void *context)
{
    struct stubborn *it = context;

    it->looks++;
    return it->ends_at_kill > 0 && it->kills >= it->ends_at_kill;
}

static void all_waits_have_an_end(void **state)
{
    struct stubborn it = {0};
    struct terminate_target target = {
        .signal = count_signal, .is_done = look, .kill = count_kill, .context = &it, .pause_ms = 1};

    (void)state;
    assert_false(terminate_run(&target, -1));
    assert_int_equal(it.signals, 1);
    assert_int_equal(it.looks + it.kills, 0);
    target.patience_ms = 300; /* a busy machine may be away for long */
    target.again = true;
    assert_false(terminate_run(&target, -1));
    assert_true(it.signals > 2 && it.looks > 1);
    assert_int_equal(it.kills, 0);
    target.after_kill_ms = 300;
    assert_false(terminate_run(&target, 0));
    assert_true(it.kills > 1);
    it = (struct stubborn){.ends_at_kill = 2};
    target.after_kill_ms = 0;
    assert_true(terminate_run(&target, 0));
    assert_int_equal(it.kills, 2);
}

static void a_control_group_with_others_in_it_is_not_own(void **state)
{
    char groups[CONTROL_GROUP_SIZE] = "untouched", taken[8];
    pid_t pid = start_deaf(SIGHUP, SIGTERM); /* is in the same one */

    (void)state;
    assert_false(control_group_is_own(groups));
    assert_string_equal(groups, "untouched");
    end(pid);
    assert_true(control_group_whole("0::/a\n", taken, sizeof taken));
    assert_string_equal(taken, "0::/a\n");
    assert_false(control_group_whole("", taken, sizeof taken));
    assert_false(control_group_whole("0::/abcdefgh\n", taken, sizeof taken));
}

int main(void)
{
    const struct CMUnitTest terminate[] = {
        cmocka_unit_test(what_does_not_hear_a_signal_has_a_next_one),
        cmocka_unit_test(sets_of_signals_are_read),
        cmocka_unit_test(what_is_stopped_must_go_on_to_hear),
        cmocka_unit_test(all_waits_have_an_end),
        cmocka_unit_test(a_control_group_with_others_in_it_is_not_own),
    };

    return cmocka_run_group_tests(terminate, NULL, NULL);
}
