/* Tests of process/descendants.h, with real processes.
 * Must not leave any behind. */
#include "process/descendants.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A process of a session of its own, whose parent has ended.  Returns its pid. */
static pid_t start_orphan(bool is_deaf)
{
    int ends[2];
    pid_t pid = 0;
    pid_t parent;

    assert_int_equal(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        if (fork() == 0) {
            setsid();
            if (is_deaf)
                signal(SIGTERM, SIG_IGN);
            pid = getpid();
            if (write(ends[1], &pid, sizeof pid) != (ssize_t)sizeof pid)
                _exit(1);
            close(ends[0]);
            close(ends[1]);
            alarm(60);
            for (;;)
                pause();
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &pid, sizeof pid), sizeof pid);
    close(ends[0]);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    return pid;
}

static int how_it_ended(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return WTERMSIG(status);
}

static void orphans_are_kept_and_ended(void **state)
{
    pid_t one = start_orphan(false);
    pid_t other = start_orphan(false);

    (void)state;
    descendants_end(60000);
    assert_int_equal(how_it_ended(one), SIGTERM);
    assert_int_equal(how_it_ended(other), SIGTERM);
}

static void the_deaf_are_killed_after_the_grace(void **state)
{
    pid_t deaf = start_orphan(true);
    pid_t other = start_orphan(false);

    (void)state;
    descendants_end(2000); /* long enough for the other on a busy machine */
    assert_int_equal(how_it_ended(deaf), SIGKILL);
    assert_int_equal(how_it_ended(other), SIGTERM);
}

static void a_stopped_process_hears_the_signal(void **state)
{
    pid_t pid = start_orphan(false);

    (void)state;
    kill(pid, SIGSTOP);
    descendants_end(60000);
    assert_int_equal(how_it_ended(pid), SIGTERM);
}

static void without_descendants_nothing_is_waited_for(void **state)
{
    (void)state;
    descendants_end(60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orphans_are_kept_and_ended),
        cmocka_unit_test(the_deaf_are_killed_after_the_grace),
        cmocka_unit_test(a_stopped_process_hears_the_signal),
        cmocka_unit_test(without_descendants_nothing_is_waited_for),
    };

    descendants_keep();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
