/* Which processes belong to a step's tasks, and that they and no others are ended.
 * Must leave no process behind. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/offspring.h"
#include "process/process.h"

/* Orphans come to this process, which reaps them. */
static int become_reaper(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* A task as slurmstepd starts it: in a group of its own. */
static pid_t start_task(const char *script)
{
    pid_t pid = fork();

    if (pid == 0) {
        setpgid(0, 0);
        raise(SIGSTOP);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    return pid;
}

static void open_task(struct offspring *them, pid_t task, const char *mark)
{
    *them = (struct offspring){.mark = mark, .except = getppid(), .pinned = true};
    assert_int_equal(offspring_init(them, &task, 1), 0);
    kill(task, SIGCONT);
}

static void wait_for_members(struct offspring *them, size_t count)
{
    for (int i = 0; i < 5000 && them->count != count; i++) {
        usleep(2000);
        assert_true(offspring_find(them) >= 0);
    }
    assert_int_equal(them->count, count);
}

/* Kills and buries. */
static void end_all(struct offspring *them)
{
    for (int i = 0; i < 1000 && them->count > 0; i++) {
        offspring_kill(them);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        usleep(5000);
        offspring_find(them);
    }
    assert_true(offspring_is_gone(them));
    offspring_fini(them);
}

static void a_task_and_its_descendants_are_found(void **state)
{
    struct offspring them;

    (void)state;
    open_task(&them, start_task("sleep 100 & sh -c 'sleep 100; true' & wait"), NULL);
    wait_for_members(&them, 4);
    end_all(&them);
}

static void orphans_in_the_tasks_group_are_found(void **state)
{
    struct offspring them;

    (void)state;
    open_task(&them, start_task("(env -i sleep 100 &); exec sleep 100"), NULL);
    wait_for_members(&them, 2);
    end_all(&them);
}

static void orphans_in_sessions_of_their_own_are_found_by_the_mark(void **state)
{
    struct offspring them;

    (void)state;
    open_task(&them,
              start_task("STEP=this; export STEP; (setsid sleep 100 &); "
                         "(STEP=that setsid sleep 0.5 &); exec sleep 100"),
              "STEP=this");
    /* The second is found only while the shell around it runs. */
    wait_for_members(&them, 2);
    end_all(&them);
}

static void strangers_are_not_found(void **state)
{
    pid_t stranger = start_task("exec sleep 100");
    struct offspring them;

    (void)state;
    kill(stranger, SIGCONT);
    open_task(&them, start_task("exec sleep 100"), "STEP=this");
    wait_for_members(&them, 1);
    end_all(&them);
    assert_int_equal(process_lookup(stranger, 0), PIDSTAT_EXISTS);
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
}

static void a_mark_among_strangers_makes_no_kin_of_them(void **state)
{
    pid_t strangers = start_task("STEP=this sleep 100 & sleep 100; true");
    struct offspring them;

    (void)state;
    kill(strangers, SIGCONT);
    open_task(&them, start_task("exec sleep 100"), "STEP=this");
    wait_for_members(&them, 2);
    for (int i = 0; i < 5; i++)
        offspring_find(&them);
    assert_int_equal(them.count, 2);
    end_all(&them);
    assert_int_equal(process_lookup(strangers, 0), PIDSTAT_EXISTS);
    kill(-strangers, SIGKILL);
    waitpid(strangers, NULL, 0);
}

/* In a group with strangers, as below a script. */
static void a_group_that_a_task_does_not_lead_is_not_its_own(void **state)
{
    pid_t script = start_task("sleep 100 & sleep 100 & echo > /dev/null; wait");
    struct offspring them = {.scope = OFFSPRING_TREE};
    pid_t task = fork();

    (void)state;
    if (task == 0) {
        setpgid(0, script);
        execl("/bin/sh", "sh", "-c", "sleep 100 & setsid sleep 100 & wait", (char *)NULL);
        _exit(127);
    }
    setpgid(task, script);
    kill(script, SIGCONT);
    assert_int_equal(offspring_init(&them, &task, 1), 0);
    wait_for_members(&them, 3);
    for (int i = 0; i < 5; i++)
        offspring_find(&them);
    assert_int_equal(them.count, 3);
    end_all(&them);
    assert_int_equal(process_lookup(script, 0), PIDSTAT_EXISTS);
    /* The same as a group: all in it, and none of a session of its own. */
    them = (struct offspring){.scope = OFFSPRING_GROUP};
    assert_int_equal(offspring_init(&them, &script, 1), 0);
    wait_for_members(&them, 3);
    end_all(&them);
}

static void a_signal_is_sent_to_each_once(void **state)
{
    struct offspring them;
    int ends[2];
    char text[8] = "";

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], 9);
    open_task(&them,
              start_task("trap 'echo x >&9' USR1; echo r >&9; "
                         "while :; do sleep 0.01; done"),
              NULL);
    assert_int_equal(read(ends[0], text, 2), 2);
    offspring_find(&them);
    for (int i = 0; i < 5; i++)
        offspring_signal(&them, SIGUSR1);
    assert_int_equal(read(ends[0], text, 2), 2);
    assert_string_equal(text, "x\n");
    end_all(&them);
    close(ends[1]);
    close(9);
    assert_int_equal(read(ends[0], text, sizeof text), 0);
    close(ends[0]);
}

static void assert_control(const char *text, const char *expected)
{
    char control[64] = "";

    assert_int_equal(control_group_step(text, control, sizeof control), expected != NULL);
    if (expected != NULL)
        assert_string_equal(control, expected);
}

static void a_step_is_known_by_its_control_group(void **state)
{
    (void)state;
    assert_control("0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n",
                   "0::/system.slice/slurmstepd.scope/job_7/step_0");
    assert_control("5:devices:/\n4:freezer:/slurm/uid_0/job_7/step_batch\n",
                   "4:freezer:/slurm/uid_0/job_7/step_batch");
    assert_control("4:freezer:/slurm/job_7/step_12\n", "4:freezer:/slurm/job_7/step_12");
    assert_control("0::/system.slice/n1_slurmstepd.scope/s0G5M8GX2D1G00/step_0/user/task_special\n",
                   "0::/system.slice/n1_slurmstepd.scope/s0G5M8GX2D1G00/step_0");
    assert_control("0::/system.slice/slurmstepd.scope/system/step_0\n", NULL);
    assert_control("", NULL);
    assert_control("0::/\n", NULL);
    assert_control("0::/job_7\n1::/step_0\n", NULL);
    assert_control("0::/step_0/job_7\n", NULL);
    assert_control("0::/a-path-that-is-longer-than-there-is-room-for-in-the-test/job_7/step_0\n",
                   NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_and_its_descendants_are_found),
        cmocka_unit_test(orphans_in_the_tasks_group_are_found),
        cmocka_unit_test(orphans_in_sessions_of_their_own_are_found_by_the_mark),
        cmocka_unit_test(strangers_are_not_found),
        cmocka_unit_test(a_mark_among_strangers_makes_no_kin_of_them),
        cmocka_unit_test(a_group_that_a_task_does_not_lead_is_not_its_own),
        cmocka_unit_test(a_signal_is_sent_to_each_once),
        cmocka_unit_test(a_step_is_known_by_its_control_group),
    };

    return cmocka_run_group_tests(tests, become_reaper, NULL);
}
