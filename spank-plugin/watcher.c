/* Waits for srun's end and the step's, as the job's user.
 * Must not use anything of slurmstepd's that a thread of it may have locked: no stdio, no log. */
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "allocator_watch.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "cancel.h"
#include "peer_watch.h"
#include "pidstat/asker.h"
#include "process/double_fork.h"
#include "process/offspring.h"
#include "process/process.h"
#include "process/terminate.h"
#include "witness.h"

enum {
    ASK_TRIES = 5,
    ASK_TRY_MS = 100,
    ASK_REPEAT_MS = 5000,
    LOOK_MS = 50,          /* for new processes, while the old ones are being ended */
    ENDING_MS = 10000,     /* within which what belongs together is ended one after the other */
    NO_CONTACT_MS = 10000, /* before it is worth a line in the log */
};

struct watch {
    const struct watcher *self;
    int report_fd;
    struct peer_watch line;
    struct pidstat_asker *asker; /* NULL while the line is up */
    enum witness_pidstatd pidstatd;
    bool vouched, told_no_contact, told_killed, told_useless;
    int64_t began_ms, pidstatd_heard_ms;
    struct allocator_watch allocator;
    struct offspring offspring;
    struct pollfd *fds; /* report, line, askers, and the tasks */
    size_t tasks_left;
    bool tasks_known; /* there is a pidfd for each */
};

enum { FD_REPORT, FD_LINE, FD_ASKER, FD_ALLOCATOR, FD_TASKS };

static void report(const struct watch *watch, enum watcher_report what)
{
    char byte = (char)what;

    if (write(watch->report_fd, &byte, 1) < 0)
        errno = 0; /* slurmstepd has gone: there is nobody to tell */
}

static void take_answer(void *context, const struct pidstat_result *result)
{
    struct watch *watch = context;

    /* Refusing, or speaking of other processes, is a sign of life of srun's host at least. */
    if (result->answered || result->refused)
        watch->pidstatd_heard_ms = clock_now_ms();
    if (!result->answered || result->foreign || result->classic) {
        if (result->answered && !watch->told_useless)
            report(watch, result->foreign ? REPORT_FOREIGN : REPORT_CLASSIC);
        watch->told_useless |= result->answered;
        watch->pidstatd = PIDSTATD_SILENT;
        return;
    }
    watch->pidstatd = result->state == PIDSTAT_GONE ? PIDSTATD_GONE : PIDSTATD_ALIVE;
    watch->vouched |= watch->pidstatd == PIDSTATD_ALIVE;
}

static void stop_asking(struct watch *watch)
{
    pidstat_asker_destroy(watch->asker);
    watch->asker = NULL;
    watch->pidstatd = PIDSTATD_PENDING;
    watch->vouched = false;
}

static void start_asking(struct watch *watch)
{
    const struct pidstat_asker_options options = {
        .port = watch->self->settings.pidstatd_port,
        .try_ms = ASK_TRY_MS,
        .repeat_ms = ASK_REPEAT_MS,
        .max_pending = 1,
        .no_classic = !watch->self->settings.classic_pidstatd,
    };
    const struct contact *contact = &watch->self->contact;
    const struct pidstat_target target = {
        .host = watch->self->host,
        .pid = contact->pid,
        .start = contact->start,
        .boot = strcmp(contact->boot, "-") != 0 ? contact->boot : NULL,
        .tries = ASK_TRIES,
        .flags = ASK_STANDING,
    };

    watch->asker = pidstat_asker_create(&options);
    if (watch->asker == NULL)
        return;
    if (pidstat_asker_ask(watch->asker, &target, take_answer, watch) == NULL)
        stop_asking(watch);
}

static enum witness_verdict judge(const struct watch *watch)
{
    int64_t heard_ms = watch->line.heard_ms > watch->pidstatd_heard_ms ? watch->line.heard_ms
                                                                       : watch->pidstatd_heard_ms;
    const struct witness witness = {
        .line = watch->line.state,
        .was_up = watch->line.was_up,
        .pidstatd = watch->pidstatd,
        .vouched = watch->vouched,
        .silent_ms = clock_now_ms() - heard_ms,
        .unreachable_ms = watch->self->settings.unreachable_ms,
    };

    return witness_judge(&witness);
}

/* Milliseconds until something is due; below 0 for never. */
static int wait_limit(const struct watch *watch)
{
    int64_t due_ms = peer_watch_due_ms(&watch->line), now = clock_now_ms();
    int64_t limit = due_ms == 0 ? -1 : due_ms > now ? due_ms - now : 0;

    /* Silence that is to count as death. */
    if (watch->line.state != PEER_WATCH_UP && watch->self->settings.unreachable_ms >= 0 &&
        (limit < 0 || limit > LOOK_MS))
        limit = LOOK_MS;
    if (watch->line.state != PEER_WATCH_UP && watch->asker == NULL &&
        (limit < 0 || limit > LOOK_MS))
        limit = LOOK_MS;
    return limit > INT_MAX ? INT_MAX : (int)limit;
}

static void drop_ended_tasks(struct watch *watch)
{
    for (size_t i = FD_TASKS; i < FD_TASKS + watch->self->task_count; i++) {
        if (watch->fds[i].fd >= 0 && watch->fds[i].revents != 0) {
            close(watch->fds[i].fd);
            watch->fds[i].fd = -1;
            watch->tasks_left--;
        }
    }
}

static void wait_for_change(struct watch *watch)
{
    watch->fds[FD_LINE].fd = peer_watch_fd(&watch->line);
    watch->fds[FD_LINE].events = peer_watch_events(&watch->line);
    watch->fds[FD_ASKER].fd = watch->asker != NULL ? pidstat_asker_fd(watch->asker) : -1;
    watch->fds[FD_ASKER].events = POLLIN;
    watch->fds[FD_ALLOCATOR].fd = allocator_watch_fd(&watch->allocator);
    watch->fds[FD_ALLOCATOR].events = POLLIN;
    if (poll(watch->fds, FD_TASKS + watch->self->task_count, wait_limit(watch)) > 0)
        drop_ended_tasks(watch);
}

/* slurmstepd closes its end of the pipe when it is done with the step. */
static bool step_is_over(const struct watch *watch)
{
    return watch->fds[FD_REPORT].revents != 0 || (watch->tasks_known && watch->tasks_left == 0);
}

static void look_at_witnesses(struct watch *watch)
{
    peer_watch_process(&watch->line, clock_now_ms());
    if (watch->line.state == PEER_WATCH_UP) {
        if (watch->asker != NULL)
            stop_asking(watch);
    } else if (watch->asker == NULL && watch->line.state != PEER_WATCH_UNKNOWN) {
        start_asking(watch);
    }
    if (watch->asker != NULL)
        pidstat_asker_process(watch->asker);
    allocator_watch_process(&watch->allocator);
    if (!watch->line.was_up && !watch->vouched && !watch->told_no_contact &&
        clock_now_ms() - watch->began_ms >= NO_CONTACT_MS) {
        watch->told_no_contact = true;
        report(watch, REPORT_NO_CONTACT);
    }
}

/* Returns WITNESS_ALIVE when the step has ended by itself. */
static enum witness_verdict wait_for_end(struct watch *watch)
{
    enum witness_verdict verdict = WITNESS_ALIVE;

    while (!step_is_over(watch) && verdict == WITNESS_ALIVE) {
        wait_for_change(watch);
        look_at_witnesses(watch);
        verdict = judge(watch);
    }
    return step_is_over(watch) ? WITNESS_ALIVE : verdict;
}

static void signal_step(void *context)
{
    struct watch *watch = context;

    offspring_signal(&watch->offspring, watch->self->settings.signal);
}

static bool nobody_is_left(void *context)
{
    struct watch *watch = context;

    return offspring_is_gone(&watch->offspring);
}

static void kill_step(void *context)
{
    struct watch *watch = context;

    if (!watch->told_killed)
        report(watch, REPORT_KILLED);
    watch->told_killed = true;
    offspring_kill(&watch->offspring);
}

static void end_step(struct watch *watch)
{
    const struct terminate_target target = {
        .signal = signal_step,
        .is_done = nobody_is_left,
        .kill = kill_step,
        .context = watch,
        .pause_ms = LOOK_MS,
        .again = true,
    };

    offspring_find(&watch->offspring);
    terminate_run(&target, watch->self->settings.grace_ms);
}

/* salloc gives back what it has made when its command has ended, so that only one that has died
 * leaves it behind: who was killed beside the step may take a moment to go.  Where a step has come
 * to its end by itself, a shell that lives goes on to the next.  Whoever gives up a host that is
 * silent gives up the salloc there, too. */
static bool allocation_is_left(struct watch *watch, enum witness_verdict verdict)
{
    if (!watch->self->settings.cancel)
        return false;
    if (verdict == WITNESS_ALIVE)
        return allocator_watch_wait_until_gone(&watch->allocator,
                                               watch->self->interactive ? ENDING_MS : 0);
    if (watch->self->contact.owns_allocation ||
        (verdict == WITNESS_UNREACHABLE && watch->allocator.vouched))
        return true;
    return allocator_watch_wait_until_gone(&watch->allocator, ENDING_MS);
}

static int become_user(const struct watcher *self)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(self->group_count, self->groups) != 0 ||
        setresgid(self->gid, self->gid, self->gid) != 0 ||
        setresuid(self->uid, self->uid, self->uid) != 0)
        return -1;
    return 0;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int open_tasks(struct watch *watch)
{
    const struct watcher *self = watch->self;

    watch->fds = calloc(FD_TASKS + self->task_count, sizeof *watch->fds);
    if (watch->fds == NULL)
        return -1;
    watch->fds[FD_REPORT].fd = watch->report_fd; /* no events: the reader's end alone */
    watch->tasks_known = true;
    for (size_t i = 0; i < self->task_count; i++) {
        struct pollfd *fd = &watch->fds[FD_TASKS + i];

        fd->events = POLLIN;
        fd->fd = process_open(self->tasks[i], 0);
        if (fd->fd >= 0)
            watch->tasks_left++;
        else if (errno != ESRCH)
            watch->tasks_known = false;
    }
    return 0;
}

static int open_watch(struct watch *watch)
{
    const struct watcher *self = watch->self;

    watch->began_ms = clock_now_ms();
    watch->offspring.mark = self->mark;
    watch->offspring.except = self->slurmstepd;
    watch->offspring.pinned = true;
    watch->offspring.take_control = control_group_step;
    if (offspring_init(&watch->offspring, self->tasks, self->task_count) != 0 ||
        open_tasks(watch) != 0)
        return -1;
    return 0;
}

/* The first nodes see to it for all. */
static void open_allocator(struct watch *watch)
{
    const struct watcher *self = watch->self;
    const struct allocator_place place = {
        .host = self->host,
        .boot = strcmp(self->contact.boot, "-") != 0 ? self->contact.boot : NULL,
        .port = self->settings.pidstatd_port,
    };

    if (self->settings.cancel && self->node_id < CANCEL_NODES_MAX)
        allocator_watch_open(&watch->allocator, &self->allocator, &place);
}

static void run(const struct watcher *self, int report_fd)
{
    struct watch watch = {.self = self, .report_fd = report_fd, .line = self->line};
    enum witness_verdict verdict;

    prctl(PR_SET_NAME, "pidwatch-step");
    reset_signals();
    if (become_user(self) != 0 || open_watch(&watch) != 0) {
        report(&watch, REPORT_FAILED);
        return;
    }
    open_allocator(&watch);
    verdict = wait_for_end(&watch);
    if (verdict != WITNESS_ALIVE) {
        report(&watch, verdict == WITNESS_DEAD ? REPORT_DEAD : REPORT_UNREACHABLE);
        end_step(&watch);
    }
    if (allocation_is_left(&watch, verdict))
        cancel_job(self->job, self->node_id);
}

int watcher_open_reports(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

int watcher_start(const struct watcher *self)
{
    int keep[] = {self->report_fd, peer_watch_fd(&self->line)};
    int result = double_fork(keep, sizeof keep / sizeof *keep);

    if (result == 0) {
        run(self, keep[0]);
        _exit(0);
    }
    return result > 0 ? 0 : -1;
}
