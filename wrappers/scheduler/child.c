/* Asking a scheduler in a child process with a deadline.
 * Must not let what a scheduler's library does reach this process: it may exit. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "hearing.h"
#include "stop.h"

void *child_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

void child_free(void *memory, size_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}

static void run_child(int (*function)(void *context), void *context, int stderr_fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    stop_reset();
    dup2(stderr_fd, STDERR_FILENO);
    _exit(function(context) == 0 ? 0 : 1);
}

/* Hears a child out.  Returns 0 at its end, or the errno that it is to be killed for. */
static int listen_to(int fd, int64_t deadline_ms, struct hearing *hearing)
{
    char bytes[512];

    for (;;) {
        int64_t left_ms = deadline_ms - clock_now_ms();
        int ready = left_ms > 0 ? stop_poll(fd, left_ms) : 0;
        ssize_t len;

        if (ready < 0)
            return EINTR;
        if (clock_now_ms() >= deadline_ms)
            return ETIMEDOUT;
        if (ready == 0)
            continue;
        len = read(fd, bytes, sizeof bytes);
        if (len == 0)
            return 0;
        if (len > 0)
            hearing_add(hearing, bytes, (size_t)len);
    }
}

static pid_t start_child(int (*function)(void *context), void *context, int *fd)
{
    pid_t parent = getpid(), child;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    /* The library may end the child by exit(3), which would print what we have not yet. */
    fflush(NULL);
    child = fork();
    if (child == 0)
        run_child(function, context, fds[1], parent);
    close(fds[1]);
    if (child < 0)
        close(fds[0]);
    *fd = fds[0];
    return child;
}

static int explain(int number, int64_t limit_ms, struct hearing *hearing,
                   char error[CHILD_ERROR_SIZE])
{
    char heard[300] = "";

    hearing_last_line(hearing, heard, sizeof heard);
    if (number == ETIMEDOUT)
        snprintf(error, CHILD_ERROR_SIZE, "no answer within %lld.%lld s%s%s%s",
                 (long long)limit_ms / 1000, (long long)limit_ms % 1000 / 100,
                 heard[0] != '\0' ? " (" : "", heard, heard[0] != '\0' ? ")" : "");
    else if (number == EINTR)
        snprintf(error, CHILD_ERROR_SIZE, "ended by a signal before it answered");
    else
        snprintf(error, CHILD_ERROR_SIZE, "%s",
                 heard[0] != '\0' ? heard : "it has failed without a word");
    errno = number;
    return -1;
}

int child_call(int (*function)(void *context), void *context, int64_t deadline_ms,
               char error[CHILD_ERROR_SIZE])
{
    struct hearing hearing = {.len = 0};
    int fd, number, wait_status;
    pid_t child = start_child(function, context, &fd);

    if (child < 0) {
        number = errno;
        snprintf(error, CHILD_ERROR_SIZE, "cannot start a process: %s", error_text(number));
        errno = number;
        return -1;
    }
    number = listen_to(fd, clock_now_ms() + deadline_ms, &hearing);
    close(fd);
    if (number != 0)
        kill(child, SIGKILL);
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (number == 0 && wait_status == 0)
        return 0;
    return explain(number != 0 ? number : EPROTO, deadline_ms, &hearing, error);
}
