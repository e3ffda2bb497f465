/* Gets locks for processes that go on, and gives them back.
 * Must not outlive either: what stays is the monitor. */
#include "for_pid.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/error_text.h"
#include "base/number.h"
#include "cli/message.h"
#include "grant_format.h"
#include "monitor.h"
#include "subject.h"
#include "wait.h"

static int say_ended(const struct lockersh_options *options, const struct for_pid_options *of)
{
    bool is_here = of->host[0] == '\0';

    return cli_error("lockersh", (int)options->conflict_status,
                     "process %d has ended%s%s: it holds nothing, and cannot", (int)of->pid,
                     is_here ? "" : " on ", of->host);
}

static int say_unknown(const struct for_pid_options *of, const struct subject *subject)
{
    if (errno != ETIMEDOUT)
        return cli_error("lockersh", EX_OSERR, "cannot ask %s for process %d: %s", of->host,
                         (int)of->pid, error_text(errno));
    if (subject->resolve_error != 0)
        return cli_error("lockersh", EX_UNAVAILABLE, "cannot find the host %s: %s", of->host,
                         gai_strerror(subject->resolve_error));
    return cli_error("lockersh", EX_UNAVAILABLE,
                     "no pidstatd on %s tells of process %d (%s); start one there", of->host,
                     (int)of->pid, subject->refused ? "nothing listens" : "no answer");
}

/* Finds the process and has it stand for the owner.  Returns 0, or the status to exit with. */
static int open_subject(const struct lockersh_options *options, const struct for_pid_options *of,
                        struct ipclocker *lock, struct subject *subject)
{
    struct ipclocker_process_id id = {.hostname = of->host, .pid = of->pid};
    bool is_here = of->host[0] == '\0';
    int result = is_here ? subject_open_here(subject, of->pid)
                         : subject_open_elsewhere(subject, of->host, of->pid, of->port);

    if (result != 0)
        return errno == ESRCH ? say_ended(options, of) : say_unknown(of, subject);
    if (is_here)
        return ipclocker_set_pid(lock, of->pid) == 0 ? 0 : EX_OSERR;
    id.start = subject->start;
    id.boot = subject->boot[0] != '\0' ? subject->boot : NULL;
    id.pid_namespace = subject->pid_namespace;
    if (ipclocker_set_process(lock, &id) == 0)
        return 0;
    return cli_error("lockersh", EX_USAGE, "--for-pid: %s", ipclocker_error(lock));
}

static int print(const struct for_pid_options *of, const struct ipclocker *lock)
{
    if (!of->print && of->format == GRANT_PLAIN)
        return 0;
    return grant_format_print(of->format, lock, of->pid, stdout) == 0 && fflush(stdout) == 0 ? 0
                                                                                             : -1;
}

/* Nobody is to think that he has the lock where nobody watches, or to have it unawares. */
static int leave_monitor(const struct lockersh_options *options, struct ipclocker *lock,
                         const struct subject *subject)
{
    struct monitor_plan plan = {.loss = &options->loss};
    struct family family;
    const char *what = "print what was obtained";

    if (grant_format_set_environment(lock, options->for_pid.pid) == 0 &&
        print(&options->for_pid, lock) == 0) {
        if (options->descendants)
            plan.family = &family;
        if ((plan.family == NULL || family_of_process(&family, options->for_pid.pid) == 0) &&
            monitor_start(lock, subject, &plan) == 0)
            return 0;
        what = "watch over the process";
    }
    cli_error("lockersh", 0, "cannot %s: %s", what, error_text(errno));
    ipclocker_unlock(lock);
    return EX_OSERR;
}

int for_pid_hold(const struct lockersh_options *options, struct ipclocker *lock,
                 struct progress *progress, struct conversation *conversation)
{
    struct subject subject;
    sigset_t mask;
    int status = open_subject(options, &options->for_pid, lock, &subject);

    if (status == 0 && subject_watch(&subject) != 0)
        status = say_unknown(&options->for_pid, &subject);
    if (status == 0 && wait_for_lock(lock, progress, conversation, &subject, &mask) != 0)
        status = errno == ESRCH ? say_ended(options, &options->for_pid) : -1;
    if (status == 0) {
        progress_obtained(progress, lock);
        status = leave_monitor(options, lock, &subject);
    }
    subject_close(&subject);
    return status;
}

static int say_not_held(const struct lockersh_options *options, bool is_kept)
{
    char shown[MESSAGE_EXCERPT_SIZE];

    return cli_error("lockersh", (int)options->conflict_status, "%s is not held for process %d%s",
                     message_excerpt(shown, options->target, strlen(options->target)),
                     (int)options->for_pid.pid,
                     is_kept ? " any more: it was given back, and is kept for a while" : "");
}

int for_pid_unlock(const struct lockersh_options *options, struct ipclocker *lock)
{
    struct subject subject;
    const char *owner;
    int is_held, status = open_subject(options, &options->for_pid, lock, &subject);

    subject_close(&subject);
    if (status != 0)
        return status;
    if (ipclocker_set_locks(lock, options->target, 1) != 0)
        return cli_error("lockersh", EX_USAGE, "--unlock: %s", ipclocker_error(lock));
    is_held = ipclocker_holds(lock);
    /* What is only waited for is taken off the queue. */
    if (is_held < 0 || ipclocker_unlock(lock) != 0)
        return -1;
    if (is_held > 0)
        return 0;
    owner = ipclocker_owner(lock);
    if (owner == NULL)
        return -1;
    return say_not_held(options, strcmp(owner, ipclocker_user(lock)) == 0);
}

/* What a command finds of its lock. */
struct surroundings {
    const char *locks, *owner;
    uint64_t token;
    struct for_pid_options process;
};

static int read_surroundings(const struct for_pid_options *for_pid, struct surroundings *around)
{
    const char *token = getenv("LOCKERSH_TOKEN"), *pid_text = getenv("LOCKERSH_PID");
    uint64_t pid;

    *around = (struct surroundings){
        .locks = getenv("LOCKERSH_LOCK"), .owner = getenv("LOCKERSH_OWNER"), .process = *for_pid};
    if (around->locks == NULL || around->owner == NULL || token == NULL || pid_text == NULL ||
        number_parse(token, UINT64_MAX, &around->token) != 0 || around->token == 0 ||
        number_parse(pid_text, INT_MAX, &pid) != 0 || pid == 0)
        return cli_error("lockersh", EX_USAGE,
                         "--extend needs the variables LOCKERSH_TOKEN, _LOCK, _OWNER and _PID, as "
                         "a command of lockersh has them");
    if (for_pid->pid == 0)
        around->process.pid = (pid_t)pid;
    return 0;
}

static size_t count_words(const char *text)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

static int extend(const struct surroundings *around, int64_t add_ms, struct ipclocker *lock,
                  bool quiet)
{
    char left[DURATION_TEXT_SIZE];
    int64_t left_ms;

    if (ipclocker_set_user(lock, around->owner) != 0 ||
        ipclocker_set_locks(lock, around->locks, count_words(around->locks)) != 0)
        return cli_error("lockersh", EX_USAGE, "--extend: %s", ipclocker_error(lock));
    left_ms = ipclocker_extend(lock, around->token, (uint64_t)(add_ms + 999) / 1000);
    if (left_ms < 0)
        return -1;
    duration_format(left, left_ms / 1000, DURATION_WORDS);
    if (!quiet && left_ms == INT64_MAX)
        puts("there is no hold limit");
    else if (!quiet)
        printf("%s left\n", left);
    return 0;
}

int for_pid_extend(const struct lockersh_options *options, struct ipclocker *lock)
{
    char shown[MESSAGE_EXCERPT_SIZE];
    struct surroundings around;
    struct subject subject;
    int64_t add_ms;
    int status = read_surroundings(&options->for_pid, &around);

    if (status != 0)
        return status;
    if (number_parse_time(options->target, INT64_C(1) << 52, &add_ms) != 0 || add_ms <= 0)
        return cli_error("lockersh", EX_USAGE, "--extend \"%s\" is no time, such as 600 or 2h",
                         message_excerpt(shown, options->target, strlen(options->target)));
    status = open_subject(options, &around.process, lock, &subject);
    subject_close(&subject);
    return status != 0 ? status : extend(&around, add_ms, lock, options->quiet);
}
