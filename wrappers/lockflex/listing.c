/* The text of a list, from a program or a file.
 * Must not wait for ever, nor leave anything running that it has started. */
#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "process/process.h"
#include "scheduler/hearing.h"
#include "scheduler/stop.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024, LOOK_MS = 50, EXIT_NOT_RUN = 127 };

struct listing {
    struct lines *lines;
    int64_t deadline_ms, limit_ms;
    size_t taken;
    struct hearing hearing; /* what was written to standard error */
    pid_t child;            /* 0: there is none, this is a file */
    struct pollfd fds[3];   /* its output, its errors, its end; -1 where there is no more of it */
    char *error;
};

enum { OUTPUT, ERRORS, END };

static int fail(struct listing *listing, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(struct listing *listing, int number, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(listing->error, LISTING_ERROR_SIZE, format, args);
    va_end(args);
    errno = number;
    return -1;
}

/* Returns 1 when there may be more, 0 at the end, -1 when it is to be given up. */
static int take_some(struct listing *listing, int which)
{
    char bytes[16384];
    ssize_t len = read(listing->fds[which].fd, bytes, sizeof bytes);

    if (len < 0)
        return errno == EAGAIN || errno == EINTR
                   ? 1
                   : fail(listing, errno, "cannot be read: %s", error_text(errno));
    if (len == 0)
        return 0;
    if (which == ERRORS) {
        hearing_add(&listing->hearing, bytes, (size_t)len);
        return 1;
    }
    listing->taken += (size_t)len;
    if (listing->taken > OUTPUT_MAX)
        return fail(listing, EPROTO, "has more than 64 MiB of text");
    if (lines_feed(listing->lines, bytes, (size_t)len) != 0)
        return fail(listing, errno, "%s", error_text(errno));
    return 1;
}

static bool has_ended(const struct listing *listing)
{
    siginfo_t info = {.si_pid = 0};

    return listing->child > 0 &&
           waitid(P_PID, (id_t)listing->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
}

static int take_what_is_ready(struct listing *listing)
{
    for (int which = OUTPUT; which <= ERRORS; which++) {
        int result;

        if (listing->fds[which].fd < 0 || listing->fds[which].revents == 0)
            continue;
        result = take_some(listing, which);
        if (result < 0)
            return -1;
        if (result == 0)
            listing->fds[which].fd = -1;
    }
    return 0;
}

/* A kernel without pidfds tells nothing of an end. */
static int64_t patience_ms(const struct listing *listing, int64_t left_ms)
{
    bool is_blind = listing->child > 0 && listing->fds[END].fd < 0;

    return is_blind && left_ms > LOOK_MS ? LOOK_MS : left_ms;
}

static int explain_silence(struct listing *listing)
{
    char said[200];

    hearing_last_line(&listing->hearing, said, sizeof said);
    return fail(listing, ETIMEDOUT, "no answer within %lld.%lld s%s%s%s",
                (long long)listing->limit_ms / 1000, (long long)listing->limit_ms % 1000 / 100,
                said[0] != '\0' ? " (" : "", said, said[0] != '\0' ? ")" : "");
}

/* What a program has left behind may hold its pipes open, so its own end is enough. */
static int take_all(struct listing *listing)
{
    bool is_over = false;

    while (!is_over) {
        int64_t left_ms = listing->deadline_ms - clock_now_ms();
        int ready;

        if (left_ms <= 0)
            return explain_silence(listing);
        is_over = listing->child > 0 ? has_ended(listing) : listing->fds[OUTPUT].fd < 0;
        ready = stop_poll_all(listing->fds, 3, is_over ? 0 : patience_ms(listing, left_ms));
        if (ready < 0)
            return fail(listing, EINTR, "ended by a signal");
        if (ready == 0)
            continue;
        if (take_what_is_ready(listing) != 0)
            return -1;
        /* As long as its pipe has more, it is not over. */
        is_over &= listing->fds[OUTPUT].revents == 0;
    }
    if (lines_end(listing->lines) != 0)
        return fail(listing, errno, "%s", error_text(errno));
    return 0;
}

_Noreturn static void run(const char *const *words, const int out[2], const int errors[2],
                          pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_NOT_RUN);
    stop_reset();
    descriptor_streams_to_null(false);
    dup2(out[1], STDOUT_FILENO);
    dup2(errors[1], STDERR_FILENO);
    /* What it says is for programs to read. */
    setenv("LC_ALL", "C", 1);
    execvp(words[0], (char *const *)words);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", words[0], error_text(errno));
    _exit(EXIT_NOT_RUN);
}

static int open_pipes(int out[2], int errors[2])
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(errors, O_CLOEXEC) == 0)
        return 0;
    descriptor_close(out[0]);
    descriptor_close(out[1]);
    return -1;
}

static int start(struct listing *listing, const char *const *words)
{
    pid_t parent = getpid();
    int out[2], errors[2];

    fflush(NULL);
    if (open_pipes(out, errors) != 0)
        return -1;
    listing->child = fork();
    if (listing->child == 0)
        run(words, out, errors, parent);
    descriptor_close(out[1]);
    descriptor_close(errors[1]);
    if (listing->child < 0) {
        descriptor_close(out[0]);
        descriptor_close(errors[0]);
        return -1;
    }
    /* Either may come first. */
    setpgid(listing->child, listing->child);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    listing->fds[OUTPUT].fd = out[0];
    listing->fds[ERRORS].fd = errors[0];
    listing->fds[END].fd = process_open(listing->child, 0);
    return 0;
}

/* The group is there as long as its first process was not waited for. */
static int end(struct listing *listing, const int fds[3])
{
    int status = 0;

    kill(-listing->child, SIGKILL);
    while (waitpid(listing->child, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < 3; i++)
        descriptor_close(fds[i]);
    return status;
}

int listing_run(const char *const *words, int64_t deadline_ms, struct lines *lines, int *status,
                char error[LISTING_ERROR_SIZE])
{
    struct listing listing = {.lines = lines,
                              .limit_ms = deadline_ms,
                              .deadline_ms = clock_now_ms() + deadline_ms,
                              .error = error};
    int fds[3], result, number, wait_status;

    for (int i = 0; i < 3; i++)
        listing.fds[i].events = POLLIN;
    if (start(&listing, words) != 0)
        return fail(&listing, errno, "cannot start a process: %s", error_text(errno));
    for (int i = 0; i < 3; i++)
        fds[i] = listing.fds[i].fd;
    result = take_all(&listing);
    number = errno;
    wait_status = end(&listing, fds);
    errno = number;
    if (result != 0)
        return -1;
    hearing_last_line(&listing.hearing, error, LISTING_ERROR_SIZE);
    if (WIFSIGNALED(wait_status))
        return fail(&listing, EPROTO, "was ended by signal %d", WTERMSIG(wait_status));
    *status = WEXITSTATUS(wait_status);
    if (*status == EXIT_NOT_RUN && listing.taken == 0 && error[0] != '\0') {
        errno = ENOENT;
        return -1;
    }
    return 0;
}

int listing_read(const char *path, int64_t deadline_ms, struct lines *lines,
                 char error[LISTING_ERROR_SIZE])
{
    struct listing listing = {.lines = lines,
                              .limit_ms = deadline_ms,
                              .deadline_ms = clock_now_ms() + deadline_ms,
                              .error = error,
                              .fds = {{.events = POLLIN}, {.fd = -1}, {.fd = -1}}};
    bool is_input = strcmp(path, "-") == 0;
    int result, fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return fail(&listing, errno, "cannot be read: %s", error_text(errno));
    listing.fds[OUTPUT].fd = fd;
    result = take_all(&listing);
    if (!is_input)
        descriptor_close(fd);
    return result;
}
