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
#include "context.h"
#include "owner_process.h"
#include "pidstat/asker.h"
#include "process/process.h"

enum {
    QUESTIONS_A_SECOND = 500, /* to the pidstatd of other hosts, all together */
    QUESTION_BATCH_MS = 50,   /* being woken costs more than a question */
    ASK_AGAIN_MS = 30000,     /* where a host has no pidstatd that watches for us */
    LOOKS_A_SECOND = 1000,    /* at processes that no descriptor could be had for */
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

/* Its process has ended: that is proven.  Frees the owner. */
static void release(struct ipclocker_server *server, struct owner_process *owner)
{
    const struct lock_request *any = LIST_FIRST(&owner->claims)->request;

    context_log(server, LOG_NOTICE, "process %d of %s has ended: releasing what it %s",
                (int)owner->pid, any->owner, any->state == LOCK_HELD ? "held" : "waited for");
    /* Neither found nor told of an end again meanwhile. */
    owner_process_unfile(server, owner);
    stop_watching(server, owner);
    owner_process_end_claims(owner);
    owner_process_destroy(owner);
}

static void watch_here(struct ipclocker_server *server, struct owner_process *owner);

static void on_end(evutil_socket_t fd, short events, void *context)
{
    struct owner_process *owner = context;

    (void)fd;
    (void)events;
    release(owner_process_server(owner), owner);
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

/* Returns -1 with errno; ESRCH only when the process has ended. */
static int open_descriptor(struct ipclocker_server *server, struct owner_process *owner)
{
    int fd = -1;

    errno = EMFILE;
    if (server->owner_descriptors < server->owner_descriptors_max)
        fd = process_open(owner->pid, owner->start);
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
    if (errno == ESRCH || process_lookup(owner->pid, owner->start) == PIDSTAT_GONE)
        release(server, owner);
    else
        look_now_and_then(server, owner);
}

static void on_asker_readable(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    pidstat_asker_process(server->asker);
}

/* The asker comes with the first question: most servers serve one host, or sessions only. */
static struct pidstat_asker *asker_of(struct ipclocker_server *server)
{
    const struct pidstat_asker_options options = {.port = (uint16_t)server->pidstat_port,
                                                  .repeat_ms = ASK_AGAIN_MS,
                                                  .rate = QUESTIONS_A_SECOND,
                                                  .batch_ms = QUESTION_BATCH_MS,
                                                  .max_pending = SIZE_MAX};

    if (server->asker != NULL)
        return server->asker;
    server->asker = pidstat_asker_create(&options);
    if (server->asker == NULL) {
        context_log(server, LOG_WARNING, "cannot ask other hosts for processes: %s",
                    error_text(errno));
        return NULL;
    }
    event_assign(&server->asker_readable, server->base, pidstat_asker_fd(server->asker),
                 EV_READ | EV_PERSIST, on_asker_readable, server);
    event_add(&server->asker_readable, NULL);
    return server->asker;
}

static void tell_of_container(struct ipclocker_server *server, struct owner_process *owner,
                              const struct pidstat_result *result)
{
    if (!owner->told_of_container)
        context_log(server, LOG_WARNING,
                    "the pidstatd on %s is in a container (pid namespace %" PRIu64 ") and cannot "
                    "tell of process %d of %s: run one outside, on the host itself",
                    result->host, result->pid_namespace, (int)owner->pid,
                    LIST_FIRST(&owner->claims)->request->owner);
    owner->told_of_container = true;
}

static void on_verdict(void *context, const struct pidstat_result *result)
{
    struct owner_process *owner = context;
    struct ipclocker_server *server = owner_process_server(owner);

    if (result->state == PIDSTAT_GONE) {
        /* The question has ended with this call. */
        owner->method = OWNER_PROCESS_UNWATCHED;
        release(server, owner);
        return;
    }
    if (result->foreign)
        tell_of_container(server, owner, result);
    if (!result->answered || result->foreign || owner->start != 0 ||
        (owner->answered && result->start == 0))
        return;
    owner_process_unfile(server, owner);
    owner->answered = true;
    if (result->state == PIDSTAT_EXISTS && result->start != 0) {
        owner->start = result->start;
        owner->boot = owner_process_hash_boot(server, result->boot);
    }
    owner_process_file_or_merge(server, owner);
    if (LIST_EMPTY(&owner->claims))
        forget(server, owner);
}

/* A pidstatd knows pids of its own namespace only, which is its machine's. */
static bool can_be_asked_about(const struct ipclocker_server *server,
                               const struct lock_claimant *process)
{
    return server->pidstat_port >= 0 && process->host != NULL &&
           !process_namespace_is_container(process->pid_namespace);
}

static void ask_about(struct ipclocker_server *server, struct owner_process *owner, bool urgent)
{
    const struct lock_request *request = LIST_FIRST(&owner->claims)->request;
    const struct lock_claimant *process = request->process;
    const struct pidstat_target target = {
        .host = process->host,
        .pid = owner->pid,
        .start = process->start,
        .boot = process->boot,
        .pid_namespace = process->pid_namespace,
        .flags = ASK_STANDING | ASK_BY_NETWORK | (urgent ? ASK_URGENT : 0),
    };
    struct pidstat_asker *asker = asker_of(server);
    struct asker_question *question;

    if (asker == NULL)
        return;
    question = pidstat_asker_ask(asker, &target, on_verdict, owner);
    if (question == NULL) {
        context_log(server, LOG_INFO, "cannot watch process %d of %s: %s", (int)owner->pid,
                    request->owner, error_text(errno));
        return;
    }
    owner->question = question;
    owner->method = OWNER_PROCESS_BY_QUESTION;
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
    if (owner->method == OWNER_PROCESS_BY_QUESTION && !owner->answered)
        return pidstat_asker_is_unasked(owner->question);
    return owner->method != OWNER_PROCESS_UNWATCHED;
}

static void watch(struct claim *claim, struct owner_process *owner, bool urgent)
{
    if (is_local(claim->request->process))
        watch_here(claim->server, owner);
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
           (is_local(process) || can_be_asked_about(claim->server, process));
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
    if (LIST_EMPTY(&owner->claims) && !owner->ending)
        forget(claim->server, owner);
}

void owner_watch_fini(struct ipclocker_server *server)
{
    if (server->look != NULL)
        event_free(server->look);
    server->look = NULL;
    if (server->asker == NULL)
        return;
    event_del(&server->asker_readable);
    pidstat_asker_destroy(server->asker);
    server->asker = NULL;
}
