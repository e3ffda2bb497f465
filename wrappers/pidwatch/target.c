/* Signals through a pidfd where there is one, else after a look at the start time.
 * Must not signal a process or group that may have become another. */
#include "target.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"
#include "process/terminate.h"

enum {
    POLL_MS = 50,
    GROUP_POLL_MS = 250, /* a group costs a walk through /proc */
};

/* What is known while it is being ended. */
struct victim_end {
    const struct pidwatch *watch;
    pid_t group;      /* that was signalled; 0 for none but the process */
    uint64_t seen_at; /* when it was last looked at, by process_clock() */
};

/* A stopped process would sleep on with the signal pending. */
static void send_and_continue(pid_t group, const struct pidwatch *watch, int number)
{
    if (group != 0)
        kill(-group, number);
    else
        process_ref_signal(&watch->victim, number);
    if (!terminate_is_request(number))
        return;
    if (group != 0)
        kill(-group, SIGCONT);
    else
        process_ref_signal(&watch->victim, SIGCONT);
}

/* The watcher's own pipes and mask are none of the killer's business. */
static void run_killer(const struct pidwatch *watch, const char *shown)
{
    char option[32], pid[16];
    sigset_t none;
    pid_t child;

    if (process_ref_has_ended(&watch->victim))
        return;
    snprintf(option, sizeof option, "-%s", shown);
    snprintf(pid, sizeof pid, "%d", (int)watch->victim.pid);
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
    pid_t group = getpgid(watch->victim.pid);

    /* -1 would mean every process there is. */
    return group > 1 && !process_ref_has_ended(&watch->victim) ? group : 0;
}

static void begin(void *context)
{
    struct victim_end *end = context;

    /* A process that starts in this very tick may still be its child. */
    end->seen_at = process_clock() + 1;
    if (end->watch->killer != NULL) {
        run_killer(end->watch, end->watch->shown);
        return;
    }
    if (end->watch->group)
        end->group = find_group(end->watch);
    send_and_continue(end->group, end->watch, end->watch->signal);
}

static bool is_done(void *context)
{
    struct victim_end *end = context;
    uint64_t looked_at = process_clock() + 1;

    if (end->group == 0)
        return process_ref_has_ended(&end->watch->victim);
    if (!process_group_has_member(end->group, end->seen_at))
        return true;
    /* Whoever is in the group now is in the same one, those that started since as well. */
    end->seen_at = looked_at;
    return false;
}

static void kill_it(void *context)
{
    struct victim_end *end = context;

    if (end->watch->killer != NULL)
        run_killer(end->watch, "KILL");
    else if (end->group == 0)
        process_ref_signal(&end->watch->victim, SIGKILL);
    else if (process_group_has_member(end->group, end->seen_at))
        kill(-end->group, SIGKILL);
}

void victim_end(const struct pidwatch *watch)
{
    struct victim_end end = {.watch = watch};
    const struct terminate_target target = {
        .signal = begin,
        .is_done = is_done,
        .kill = kill_it,
        .context = &end,
        .pause_ms = watch->group ? GROUP_POLL_MS : POLL_MS,
    };

    terminate_run(&target, watch->grace_ms);
}
