/* Signals through a pidfd where there is one, else after a look at the start time.
 * Must not signal a process or group that may have become another. */
#include "victim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

bool victim_has_ended(const struct pidwatch *watch)
{
    if (watch->victim_fd >= 0)
        return process_has_ended(watch->victim_fd);
    return process_lookup(watch->victim, watch->victim_start) == PROCESS_GONE;
}

static int send_by_pidfd(int fd, int number)
{
#ifdef SYS_pidfd_send_signal
    return (int)syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
#else
    (void)fd;
    (void)number;
    errno = ENOSYS;
    return -1;
#endif
}

static void send_to_process(const struct pidwatch *watch, int number)
{
    if (watch->victim_fd >= 0 && (send_by_pidfd(watch->victim_fd, number) == 0 || errno != ENOSYS))
        return;
    if (process_lookup(watch->victim, watch->victim_start) == PROCESS_EXISTS)
        kill(watch->victim, number);
}

/* A stopped process would sleep on with the signal pending. */
static bool asks_to_end(int number)
{
    return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

static void send_and_continue(pid_t group, const struct pidwatch *watch, int number)
{
    if (group != 0)
        kill(-group, number);
    else
        send_to_process(watch, number);
    if (!asks_to_end(number))
        return;
    if (group != 0)
        kill(-group, SIGCONT);
    else
        send_to_process(watch, SIGCONT);
}

/* The watcher's own pipes and mask are none of the killer's business. */
static void run_killer(const struct pidwatch *watch, const char *shown)
{
    char option[32], pid[16];
    sigset_t none;
    pid_t child;

    if (victim_has_ended(watch))
        return;
    snprintf(option, sizeof option, "-%s", shown);
    snprintf(pid, sizeof pid, "%d", (int)watch->victim);
    child = fork();
    if (child == 0) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execl(watch->killer, watch->killer, option, pid, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* The group that the living victim is in; 0 where it cannot be signalled as one. */
static pid_t find_group(const struct pidwatch *watch)
{
    pid_t group = getpgid(watch->victim);

    /* -1 would mean every process there is. */
    return group > 1 && !victim_has_ended(watch) ? group : 0;
}

pid_t victim_signal(const struct pidwatch *watch)
{
    pid_t group = 0;

    if (watch->killer != NULL) {
        run_killer(watch, watch->shown);
        return 0;
    }
    if (watch->group)
        group = find_group(watch);
    send_and_continue(group, watch, watch->signal);
    return group;
}

void victim_kill(const struct pidwatch *watch, pid_t group, uint64_t seen_at)
{
    if (watch->killer != NULL)
        run_killer(watch, "KILL");
    else if (group == 0)
        send_to_process(watch, SIGKILL);
    else if (process_group_has_member(group, seen_at))
        kill(-group, SIGKILL);
}

bool victim_is_done(const struct pidwatch *watch, pid_t group, uint64_t seen_at)
{
    if (group != 0)
        return !process_group_has_member(group, seen_at);
    return victim_has_ended(watch);
}
