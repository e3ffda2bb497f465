/* Grid Engine's commands, and what they print.
 * Must not go through a shell: ids come from strangers. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error_text.h"

enum { OUTPUT_MAX = 256 * 1024 * 1024, FIRST_SIZE = 65536, EXIT_NOT_FOUND = 127 };

_Noreturn static void run(const char *const *words, bool with_errors, int out_fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    dup2(out_fd, STDOUT_FILENO);
    /* What it says is for programs to read. */
    setenv("LC_ALL", "C", 1);
    if (with_errors)
        dup2(out_fd, STDERR_FILENO);
    execvp(words[0], (char *const *)words);
    _exit(EXIT_NOT_FOUND);
}

/* Reads to the end; NULL with errno. */
static char *read_all(int fd)
{
    size_t len = 0, size = FIRST_SIZE;
    char *text = malloc(size), *more;
    ssize_t got;

    while (text != NULL && (got = read(fd, text + len, size - len - 1)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        len += got > 0 ? (size_t)got : 0;
        if (got > 0 && len + 1 < size)
            continue;
        more = got > 0 && size < OUTPUT_MAX ? realloc(text, size *= 2) : NULL;
        if (more == NULL)
            free(text);
        text = more;
    }
    if (text != NULL)
        text[len] = '\0';
    return text;
}

char *command_read(const char *const *words, bool with_errors, int *status)
{
    pid_t parent = getpid(), child;
    char *text;
    int fds[2], wait_status = 0;

    if (pipe2(fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        fprintf(stderr, "cannot start %s: %s\n", words[0], error_text(errno));
        return NULL;
    }
    if (child == 0)
        run(words, with_errors, fds[1], parent);
    close(fds[1]);
    text = read_all(fds[0]);
    close(fds[0]);
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (text != NULL && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != EXIT_NOT_FOUND) {
        *status = WEXITSTATUS(wait_status);
        return text;
    }
    if (text == NULL)
        fprintf(stderr, "cannot read what %s prints\n", words[0]);
    else if (WIFSIGNALED(wait_status))
        fprintf(stderr, "%s was ended by signal %d\n", words[0], WTERMSIG(wait_status));
    else
        fprintf(stderr,
                "cannot run %s; set PATH, SGE_ROOT and SGE_CELL as Grid Engine's "
                "settings.sh does\n",
                words[0]);
    free(text);
    return NULL;
}
