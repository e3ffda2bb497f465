/* Watching the processes of owners that asked for autounlock and have no session.
 * Must not take silence for death: only proof releases anything. */
#include "owner_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/ip_text.h"
#include "context.h"
#include "owner_asker.h"
#include "owner_end.h"
#include "owner_finder.h"
#include "owner_process.h"
#include "pidstat/asker.h"
#include "process/process.h"
#include "silence.h"

enum {
    LOOKS_A_SECOND = 1000, /* at processes that no descriptor could be had for */
};

void owner_watch_init(struct ipclocker_server *server, size_t max_descriptors)
{
    server->owners.compare = owner_process_compare;
    TAILQ_INIT(&server->unseen);
    server->owner_descriptors_max = max_descriptors;
    siphash_key_init(&server->boot_key);
}

static bool is_local(const struct lock_claimant *process)
{
    return process->pid > 0 && process->pid <= INT_MAX && process->start != 0 &&
           process->boot != NULL && strcmp(process->boot, process_boot_id()) == 0 &&
           process->pid_namespace != 0 && process->pid_namespace == process_pid_namespace();
}

bool owner_watch_can_look(const struct lock_request *request)
{
    return is_local(request->process);
}

bool owner_watch_sees_end(const struct lock_request *request)
{
    return request->autounlock && is_local(request->process) &&
           process_lookup((pid_t)request->process->pid, request->process->start) == PIDSTAT_GONE;
}

static void stop_watching(struct ipclocker_server *server, struct owner_process *owner)
{
    switch ((enum owner_process_method)owner->method) {
    case OWNER_PROCESS_BY_DESCRIPTOR: {
        int fd = event_get_fd(owner->ended);

        event_free(owner->ended);
        close(fd);
        server->owner_descriptors--;
        break;
    }
    case OWNER_PROCESS_BY_LOOKS:
        TAILQ_REMOVE(&server->unseen, owner, unseen);
        break;
    case OWNER_PROCESS_BY_QUESTION:
        pidstat_asker_cancel(server->asker, owner->question);
        break;
    case OWNER_PROCESS_BY_SEARCH:
        finder_cancel(owner->search);
        break;
    case OWNER_PROCESS_UNWATCHED:
        break;
    }
    owner->method = OWNER_PROCESS_UNWATCHED;
}

static void forget(struct ipclocker_server *server, struct owner_process *owner)
{
    stop_watching(server, owner);
    owner_process_unfile(server, owner);
    owner_process_destroy(owner);
}

/* Its process has ended: that is proven.  Its claims go with it, and with them the owner. */
static void release(struct ipclocker_server *server, struct owner_process *owner)
{
    const struct lock_request *any = owner_process_any_claim(owner)->request;

    context_log_of(server, any->payer, LOG_NOTICE,
                   "process %d of %s has ended: releasing what it %s", (int)owner->pid, any->owner,
                   any->state == LOCK_HELD ? "held" : "waited for");
    server->counts.owners_ended++;
    stop_watching(server, owner);
    owner_end_begin(server, owner);
}

static void watch_here(struct ipclocker_server *server, struct owner_process *owner);
static void search(struct ipclocker_server *server, struct owner_process *owner);

/* What was seen of it has ended, which may have been another process. */
static void take_end(struct ipclocker_server *server, struct owner_process *owner)
{
    if (!owner->is_like_others) {
        release(server, owner);
        return;
    }
    stop_watching(server, owner);
    search(server, owner);
}

static void on_end(evutil_socket_t fd, short events, void *context)
{
    struct owner_process *owner = context;

    (void)fd;
    (void)events;
    take_end(owner_process_server(owner), owner);
}

static void arm_look(struct ipclocker_server *server)
{
    const struct timeval pause = {.tv_sec = 1};

    if (!evtimer_pending(server->look, NULL))
        evtimer_add(server->look, &pause);
}

/* Those that were looked at longest ago have their turn, each of them once. */
static void on_look(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct owner_process *owner, *last = TAILQ_LAST(&server->unseen, owner_list);
    bool was_last = last == NULL;

    (void)fd;
    (void)events;
    for (int i = 0; i < LOOKS_A_SECOND && !was_last; i++) {
        owner = TAILQ_FIRST(&server->unseen);
        was_last = owner == last;
        stop_watching(server, owner);
        watch_here(server, owner);
    }
    if (!TAILQ_EMPTY(&server->unseen))
        arm_look(server);
}

static void look_now_and_then(struct ipclocker_server *server, struct owner_process *owner)
{
    if (server->look == NULL)
        server->look = evtimer_new(server->base, on_look, server);
    if (server->look == NULL) {
        context_log(server, LOG_WARNING, "no memory to watch process %d", (int)owner->pid);
        return;
    }
    TAILQ_INSERT_TAIL(&server->unseen, owner, unseen);
    owner->method = OWNER_PROCESS_BY_LOOKS;
    arm_look(server);
}

static void tell_of_shortage(struct ipclocker_server *server)
{
    if (!server->told_of_shortage)
        context_log(server, LOG_WARNING,
                    "no more than %zu owners' processes can be watched by descriptors: looking at "
                    "others now and then; raise the limit of open files",
                    server->owner_descriptors);
    server->told_of_shortage = true;
}

/* Its pid, as we know it. */
static pid_t pid_here(const struct owner_process *owner)
{
    return owner->outside != 0 ? owner->outside : owner->pid;
}

/* Returns -1 with errno; ESRCH only when the process has ended. */
static int open_descriptor(struct ipclocker_server *server, struct owner_process *owner)
{
    int fd = -1;

    errno = EMFILE;
    if (server->owner_descriptors < server->owner_descriptors_max)
        fd = process_open(pid_here(owner), owner->start);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            tell_of_shortage(server);
        return -1;
    }
    owner->ended = event_new(server->base, fd, EV_READ, on_end, owner);
    if (owner->ended == NULL || event_add(owner->ended, NULL) != 0) {
        if (owner->ended != NULL)
            event_free(owner->ended);
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    server->owner_descriptors++;
    owner->method = OWNER_PROCESS_BY_DESCRIPTOR;
    return 0;
}

/* May find that it has ended. */
static void watch_here(struct ipclocker_server *server, struct owner_process *owner)
{
    if (open_descriptor(server, owner) == 0)
        return;
    if (errno == ESRCH || process_lookup(pid_here(owner), owner->start) == PIDSTAT_GONE)
        take_end(server, owner);
    else
        look_now_and_then(server, owner);
}

/* It answers, and that says nothing of the process. */
static void tell_of_daemon(struct ipclocker_server *server, struct owner_process *owner,
                           const struct pidstat_result *result)
{
    const struct lock_request *request = owner_process_any_claim(owner)->request;
    const char *name = request->owner;

    if (owner->told_of_daemon)
        return;
    owner->told_of_daemon = true;
    if (result->foreign && !process_namespace_is_container(result->pid_namespace))
        context_log_of(server, request->payer, LOG_WARNING,
                       "the pidstatd on %s does not see the container of process %d of %s: it is "
                       "another machine's, or of an earlier release",
                       result->host, (int)owner->pid, name);
    else if (result->foreign)
        context_log_of(server, request->payer, LOG_WARNING,
                       "the pidstatd on %s is in a container (pid namespace %" PRIu64
                       ") and cannot "
                       "tell of process %d of %s: run one outside, on the host itself",
                       result->host, result->pid_namespace, (int)owner->pid, name);
    else
        context_log_of(
            server, request->payer, LOG_WARNING,
            "the pidstatd on %s is a classic one, and not believed about process %d of %s "
            "(--classic-pidstatd no): run farmlock's there",
            result->host, (int)owner->pid, name);
}

static void count_answer(struct figures_counts *counts, const struct pidstat_result *result)
{
    counts->owners_alive += result->state == PIDSTAT_EXISTS;
    counts->owners_unknown += result->state == PIDSTAT_UNKNOWN;
}

static void on_verdict(void *context, const struct pidstat_result *result)
{
    struct owner_process *owner = context;
    struct ipclocker_server *server = owner_process_server(owner);

    count_answer(&server->counts, result);
    if (result->state == PIDSTAT_GONE) {
        /* The question has ended with this call. */
        owner->method = OWNER_PROCESS_UNWATCHED;
        release(server, owner);
        return;
    }
    silence_note(server, owner, result->answered && !result->foreign && !result->classic);
    if (result->foreign || result->classic)
        tell_of_daemon(server, owner, result);
    if (!result->answered || result->foreign || result->classic || owner->start != 0 ||
        (owner->answered && result->start == 0))
        return;
    owner_process_unfile(server, owner);
    owner->answered = true;
    if (result->state == PIDSTAT_EXISTS && result->start != 0) {
        owner->start = result->start;
        owner->boot = owner_process_hash_boot(server, result->boot);
    }
    owner_process_file_or_merge(server, owner);
    if (owner_process_any_claim(owner) == NULL)
        forget(server, owner);
}

static void ask_about(struct ipclocker_server *server, struct owner_process *owner, bool urgent)
{
    const struct lock_request *request = owner_process_any_claim(owner)->request;
    const struct owner_turn turn = {.peer = request->asker.peer};
    struct asker_question *question = owner_asker_ask(
        server, request, &turn, ASK_STANDING | (urgent ? ASK_URGENT : 0), on_verdict, owner);

    if (question == NULL) {
        context_log_of(server, request->payer, LOG_INFO, "cannot watch process %d of %s: %s",
                       (int)owner->pid, request->owner, error_text(errno));
        return;
    }
    owner->question = question;
    owner->method = OWNER_PROCESS_BY_QUESTION;
}

/* It is of our machine, where others may see more. */
static void ask_outside(struct ipclocker_server *server, struct owner_process *owner)
{
    const struct lock_request *request = owner_process_any_claim(owner)->request;

    if (owner_asker_can_ask(server, request))
        ask_about(server, owner, true);
    else
        context_log_of(server, request->payer, LOG_WARNING,
                       "process %d of %s is in a container of this host, and cannot be seen from "
                       "here: run lockerd on the host itself, without hidepid, or a pidstatd there",
                       (int)owner->pid, request->owner);
}

static void on_found(void *context, const struct finder_result *result)
{
    struct owner_process *owner = context;
    struct ipclocker_server *server = owner_process_server(owner);

    owner->method = OWNER_PROCESS_UNWATCHED;
    switch (result->state) {
    case PIDSTAT_EXISTS:
        owner->outside = result->pid;
        owner->is_like_others = !result->is_only;
        watch_here(server, owner);
        break;
    case PIDSTAT_GONE:
        release(server, owner);
        break;
    case PIDSTAT_UNKNOWN:
        /* We are in a container too, or much is hidden from us. */
        ask_outside(server, owner);
        break;
    }
}

/* It is in a container of this host. */
static void search(struct ipclocker_server *server, struct owner_process *owner)
{
    const struct lock_request *request = owner_process_any_claim(owner)->request;

    owner->outside = 0;
    owner->is_like_others = false;
    owner->search = owner_finder_start(server, request->process, on_found, owner);
    if (owner->search != NULL)
        owner->method = OWNER_PROCESS_BY_SEARCH;
    else
        context_log(server, LOG_WARNING, "no memory to look for process %d of %s", (int)owner->pid,
                    request->owner);
}

/* Whether the process that is watched for a claim is still what its request names. */
static bool is_of_request(const struct owner_process *owner, const struct claim *claim)
{
    const struct lock_request *request = claim->request;
    struct owner_process probe = owner_process_of_request(claim->server, request);

    if (request->process->start == 0) {
        probe.start = owner->start;
        probe.boot = owner->boot;
        probe.answered = owner->answered;
    }
    return owner_process_compare(&owner->node, &probe.node) == 0;
}

static bool can_be_joined(const struct owner_process *owner)
{
    if (owner->ending)
        return true;
    if (owner->method == OWNER_PROCESS_BY_QUESTION && !owner->answered)
        return pidstat_asker_is_unasked(owner->question);
    return owner->method != OWNER_PROCESS_UNWATCHED;
}

static void watch(struct claim *claim, struct owner_process *owner, bool urgent)
{
    owner->outside = owner_finder_noted(claim);
    if (is_local(claim->request->process) || owner->outside != 0)
        watch_here(claim->server, owner);
    else if (owner_finder_can_find(claim->request->process))
        search(claim->server, owner);
    else
        ask_about(claim->server, owner, urgent);
}

static void join_owner(struct claim *claim, bool urgent)
{
    struct ipclocker_server *server = claim->server;
    const struct owner_process probe = owner_process_of_request(server, claim->request);
    struct owner_process *owner = owner_process_find(server, &probe);

    if (owner != NULL && can_be_joined(owner)) {
        owner_process_add_claim(owner, claim);
        return;
    }
    if (owner != NULL)
        owner_process_unfile(server, owner);
    owner = owner_process_create(&probe);
    if (owner == NULL) {
        context_log(server, LOG_WARNING, "no memory to watch process %d of %s", (int)probe.pid,
                    claim->request->owner);
        return;
    }
    owner_process_file(server, owner);
    owner_process_add_claim(owner, claim);
    watch(claim, owner, urgent);
}

static bool can_be_watched(const struct claim *claim)
{
    const struct lock_claimant *process = claim->request->process;

    return claim->request->autounlock && process->pid != 0 && process->pid <= INT_MAX &&
           (is_local(process) || owner_finder_can_find(process) ||
            owner_asker_can_ask(claim->server, claim->request));
}

void owner_watch_start(struct claim *claim, bool urgent)
{
    if (claim->owner != NULL && !(can_be_watched(claim) && is_of_request(claim->owner, claim) &&
                                  claim->owner->method != OWNER_PROCESS_UNWATCHED))
        owner_watch_stop(claim);
    if (claim->owner == NULL && can_be_watched(claim))
        join_owner(claim, urgent);
    else if (claim->owner != NULL && urgent && claim->owner->method == OWNER_PROCESS_BY_QUESTION)
        pidstat_asker_hurry(claim->server->asker, claim->owner->question);
}

void owner_watch_stop(struct claim *claim)
{
    struct owner_process *owner = claim->owner;

    if (owner == NULL)
        return;
    claim->owner = NULL;
    LIST_REMOVE(claim, of_owner);
    if (!owner->ending && owner_process_any_claim(owner) == NULL)
        forget(claim->server, owner);
}

void owner_watch_fini(struct ipclocker_server *server)
{
    if (server->look != NULL)
        event_free(server->look);
    server->look = NULL;
    owner_asker_fini(server);
    owner_finder_fini(server);
}
