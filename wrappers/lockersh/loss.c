/* Tells a job that its lock was lost, and ends it if that is planned.
 * Must not block, nor keep anything of the job's open. */
#include "loss.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/text.h"
#include "process/signal_name.h"
#include "process/terminate.h"

enum { LINE_MAX_LEN = 1024 };

void loss_init(struct loss *loss, const struct loss_plan *plan, const struct process_ref *job)
{
    *loss = (struct loss){.plan = plan, .job = job, .kill_ms = INT64_MAX};
}

/* The very file, so that what the job writes next stands behind our line and not over it; where
 * the kernel does not let us have that, the file by its name, which is no less for a terminal. */
static int open_error(const struct process_ref *job)
{
    char path[64];
    int fd = -1;

    if (job == NULL)
        return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (job->fd >= 0)
        fd = (int)syscall(SYS_pidfd_getfd, job->fd, STDERR_FILENO, 0);
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)job->pid, STDERR_FILENO);
    return open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* To a first process the kernel passes no signal of its own but one that it has blocked and reads,
 * as ours does, to pass it on. */
static void signal_job(const struct process_ref *job, int number)
{
    if (job != NULL)
        process_ref_signal(job, number);
    else if (number == SIGKILL)
        kill(-1, SIGKILL);
    else
        kill(getpid(), number);
}

/* A full pipe would hold us up: its reader has missed worse. */
static void write_line(int fd, const char *text, size_t len)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    if (poll(&ready, 1, 0) > 0 && (ready.revents & POLLOUT) != 0 && write(fd, text, len) < 0)
        errno = 0; /* there is nobody else to tell */
}

static void tell(const struct loss *loss, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(const struct loss *loss, const char *format, ...)
{
    char line[LINE_MAX_LEN], clean[LINE_MAX_LEN], whole[LINE_MAX_LEN + 32];
    va_list arguments;
    int fd, len;

    fd = loss->plan->quiet ? -1 : open_error(loss->job);
    if (fd < 0)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_clean(clean, sizeof clean, line, strlen(line));
    len = snprintf(whole, sizeof whole, "lockersh: %s\n", clean);
    write_line(fd, whole, (size_t)len);
    close(fd);
}

static int64_t warn_in_ms(const struct loss *loss, const struct ipclocker *lock)
{
    int64_t left_ms = ipclocker_hold_left(lock);

    if (loss->warned || loss->plan->warn_ms == 0 || left_ms < 0)
        return -1;
    return left_ms > loss->plan->warn_ms ? left_ms - loss->plan->warn_ms : 0;
}

int loss_prepare(const struct loss *loss, const struct ipclocker *lock, struct pollfd *poll_fd)
{
    int64_t due_ms = warn_in_ms(loss, lock);
    int timeout_ms = ipclocker_timeout(lock);

    poll_fd->fd = ipclocker_fd(lock);
    poll_fd->events = ipclocker_events(lock);
    if (loss->kill_ms != INT64_MAX)
        due_ms = loss->kill_ms > clock_now_ms() ? loss->kill_ms - clock_now_ms() : 0;
    if (due_ms < 0 || (timeout_ms >= 0 && timeout_ms < due_ms))
        return timeout_ms;
    return due_ms > INT32_MAX ? INT32_MAX : (int)due_ms;
}

static void do_what_is_due(struct loss *loss, const struct ipclocker *lock)
{
    if (loss->warned && ipclocker_hold_left(lock) > loss->plan->warn_ms)
        loss->warned = false; /* it was put off */
    if (warn_in_ms(loss, lock) == 0) {
        char left[DURATION_TEXT_SIZE];

        loss->warned = true;
        duration_format(left, (ipclocker_hold_left(lock) + 999) / 1000, DURATION_WORDS);
        tell(loss, "%s will be taken back in %s", ipclocker_lock_name(lock), left);
    }
    if (clock_now_ms() >= loss->kill_ms) {
        loss->kill_ms = INT64_MAX;
        signal_job(loss->job, SIGKILL);
    }
}

/* With the job's environment, folder and standard error, and without our signal mask. */
static void run_command(const struct loss *loss)
{
    pid_t job = loss->job != NULL ? loss->job->pid : getpid();
    char folder[64], pid[16];
    sigset_t none;
    int fd;

    if (fork() != 0)
        return;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fd = open_error(loss->job);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    snprintf(folder, sizeof folder, "/proc/%d/cwd", (int)job);
    snprintf(pid, sizeof pid, "%d", (int)job);
    if (chdir(folder) == 0 && setenv("LOCKERSH_PID", pid, 1) == 0)
        execl("/bin/sh", "sh", "-c", loss->plan->command, (char *)NULL);
    _exit(127);
}

static void end_job(struct loss *loss)
{
    const struct loss_plan *plan = loss->plan;

    signal_job(loss->job, plan->signal);
    if (terminate_needs_continue(plan->signal))
        signal_job(loss->job, SIGCONT);
    if (plan->signal == SIGTERM)
        loss->kill_ms = clock_now_ms() + plan->grace_ms;
}

static void happen(struct loss *loss, const struct ipclocker *lock)
{
    const struct loss_plan *plan = loss->plan;
    char name[32];

    if (loss->happened)
        return;
    loss->happened = true;
    signal_name_format(name, sizeof name, plan->signal);
    if (plan->command != NULL)
        tell(loss, "%s; running %s", ipclocker_error(lock), plan->command);
    else if (plan->signal != 0)
        tell(loss, "%s; sending %s to the command", ipclocker_error(lock), name);
    else
        tell(loss, "%s; the command goes on without it", ipclocker_error(lock));
    if (plan->command != NULL)
        run_command(loss);
    if (plan->signal != 0)
        end_job(loss);
}

void loss_work(struct loss *loss, struct ipclocker *lock)
{
    do_what_is_due(loss, lock);
    if (ipclocker_process(lock) >= 0)
        return;
    loss->given_back |= errno == ECANCELED;
    if (errno == ENOLCK)
        happen(loss, lock);
    ipclocker_forget(lock);
}
