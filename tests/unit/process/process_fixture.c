/* Processes for unit tests.
 * Must not leave any behind. */
#include "process_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/process.h"

pid_t start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

void end_sleeper(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

bool lacks_pidfd(const char *left_out)
{
    int fd = process_open(getpid(), 0);

    if (fd < 0 && errno == ENOSYS) {
        print_message("# this kernel has no pidfd: %s\n", left_out);
        return true;
    }
    close(fd);
    return false;
}
