/* Signals through a pidfd where there is one, else after a look at the start time.
 * Must not signal a process or group that may have become another. */
#include "target.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/offspring.h"
#include "process/terminate.h"

enum {
    POLL_MS = 50,
    /* Without a grace the user is told then of what does not end; a signal that is blocked has its
     * next one, and that its next, before. */
    PATIENCE_MS = 15000,
    AFTER_KILL_MS = 5000,
};

/* What is known while it is being ended. */
struct victim_end {
    const struct pidwatch *watch;
    struct offspring them; /* of none but the process itself nothing is in here */
    int sent;              /* to the process itself, or its group; 0 for none */
    int64_t sent_ms;
    bool killed; /* the killer has been run for SIGKILL */
    bool denied; /* another user's process was told of */
};

static void tell(const struct victim_end *end, const struct pidwatch_news *news)
{
    if (end->watch->news != NULL)
        end->watch->news(end->watch->context, news);
}

static void tell_denied(struct victim_end *end, pid_t pid)
{
    const struct pidwatch_news news = {.kind = PIDWATCH_DENIED, .pid = pid};

    if (!end->denied)
        tell(end, &news);
    end->denied = true;
}

static void tell_pressed(void *context, pid_t pid, int ignored, int next)
{
    const struct pidwatch_news news = {
        .kind = PIDWATCH_PRESSED, .pid = pid, .signal = ignored, .next = next};

    tell(context, &news);
}

static bool is_alone(const struct victim_end *end)
{
    return end->them.count == 0 && end->them.group_count == 0;
}

static void note_sent(struct victim_end *end, int number)
{
    end->sent = number;
    end->sent_ms = clock_now_ms();
}

/* Where /proc shows no group, it is signalled all the same. */
static int signal_victim(const struct pidwatch *watch, int number)
{
    pid_t group = watch->scope == PIDWATCH_GROUP ? getpgid(watch->victim.pid) : -1;

    if (group > 1 && !process_ref_has_ended(&watch->victim))
        return kill(-group, number);
    return process_ref_signal(&watch->victim, number);
}

/* A stopped process would sleep on with the signal pending. */
static void send_to_victim(struct victim_end *end, int number)
{
    note_sent(end, number);
    if (signal_victim(end->watch, number) != 0 && errno == EPERM)
        tell_denied(end, end->watch->victim.pid);
    if (terminate_needs_continue(number))
        signal_victim(end->watch, SIGCONT);
}

/* All at once, so that nobody forks away meanwhile. */
static void send_to_group(struct victim_end *end, int number)
{
    pid_t group = end->them.groups[0].group;

    note_sent(end, number);
    if (kill(-group, number) != 0 && errno == EPERM)
        tell_denied(end, end->watch->victim.pid);
    if (terminate_needs_continue(number))
        kill(-group, SIGCONT);
    for (size_t i = 0; i < end->them.count; i++) {
        end->them.members[i].sent = number;
        end->them.members[i].sent_ms = end->sent_ms;
    }
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
        signal(SIGPIPE, SIG_DFL);
        execl(watch->killer, watch->killer, option, pid, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static void press_victim(struct victim_end *end)
{
    const struct pidwatch *watch = end->watch;
    int sent = end->sent,
        next = terminate_next_signal(watch->victim.pid, sent, clock_now_ms() - end->sent_ms);

    if (next == 0 || process_ref_has_ended(&watch->victim))
        return;
    tell_pressed(end, watch->victim.pid, sent, next);
    send_to_victim(end, next);
}

static void signal_killer(struct victim_end *end)
{
    const struct pidwatch *watch = end->watch;

    if (end->sent != 0)
        return;
    note_sent(end, watch->signal);
    run_killer(watch, watch->shown);
    if (terminate_needs_continue(watch->signal))
        process_ref_signal(&watch->victim, SIGCONT);
}

/* Called again and again, for those that came meanwhile and those that have not heard. */
static void signal_them(void *context)
{
    struct victim_end *end = context;

    if (end->watch->killer != NULL) {
        signal_killer(end);
    } else if (is_alone(end)) {
        if (end->sent == 0)
            send_to_victim(end, end->watch->signal);
        press_victim(end);
    } else {
        if (end->watch->scope == PIDWATCH_GROUP && end->sent == 0 && end->them.group_count > 0)
            send_to_group(end, end->watch->signal);
        offspring_signal(&end->them, end->watch->signal);
        offspring_press(&end->them, tell_pressed, end);
        if (end->them.untouchable != 0)
            tell_denied(end, end->them.untouchable);
    }
}

static bool is_done(void *context)
{
    struct victim_end *end = context;

    if (end->watch->scope == PIDWATCH_PROCESS)
        return process_ref_has_ended(&end->watch->victim);
    return offspring_is_gone(&end->them) && process_ref_has_ended(&end->watch->victim);
}

static void kill_them(void *context)
{
    struct victim_end *end = context;

    note_sent(end, SIGKILL);
    if (end->watch->killer == NULL && is_alone(end))
        signal_victim(end->watch, SIGKILL);
    else if (end->watch->killer == NULL)
        offspring_kill(&end->them);
    else if (!end->killed)
        run_killer(end->watch, "KILL");
    end->killed = true;
}

static void tell_left(const struct victim_end *end)
{
    struct pidwatch_news news = {.kind = PIDWATCH_LEFT, .signal = end->sent};

    if (!process_ref_has_ended(&end->watch->victim))
        news.pid = end->watch->victim.pid;
    else if (end->them.count > 0)
        news.pid = end->them.members[0].pid;
    else
        return;
    news.others = end->them.count > 0 ? end->them.count - 1 : 0;
    for (size_t i = 0; i < end->them.count; i++) {
        if (end->them.members[i].pid == news.pid && end->them.members[i].sent != 0 &&
            end->sent != SIGKILL)
            news.signal = end->them.members[i].sent;
    }
    tell(end, &news);
}

/* Without a readable /proc there is the process alone. */
static void find_them(struct victim_end *end)
{
    const struct pidwatch *watch = end->watch;

    if (watch->scope == PIDWATCH_PROCESS || process_ref_has_ended(&watch->victim))
        return;
    end->them = (struct offspring){
        .scope = watch->scope == PIDWATCH_GROUP ? OFFSPRING_GROUP : OFFSPRING_TREE,
        .mark = watch->mark[0] != '\0' ? watch->mark : NULL,
        .take_control = watch->control[0] != '\0' ? control_group_whole : NULL,
    };
    memcpy(end->them.control, watch->control, sizeof end->them.control);
    if (offspring_init(&end->them, &watch->victim.pid, 1) == 0)
        offspring_find(&end->them);
}

void victim_end(const struct pidwatch *watch)
{
    struct victim_end end = {.watch = watch};
    const struct terminate_target target = {
        .signal = signal_them,
        .is_done = is_done,
        .kill = kill_them,
        .context = &end,
        .pause_ms = POLL_MS,
        .again = true,
        .patience_ms = PATIENCE_MS,
        .after_kill_ms = AFTER_KILL_MS,
    };

    find_them(&end);
    if (!terminate_run(&target, watch->grace_ms))
        tell_left(&end);
    offspring_fini(&end.them);
}
