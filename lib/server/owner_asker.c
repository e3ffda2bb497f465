/* The server's asker of other hosts' pidstatd, and for whom it asks.
 * Must not draw conclusions from answers. */
#include "owner_asker.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/error_text.h"
#include "base/ip_text.h"
#include "context.h"
#include "owner_process.h"
#include "process/process.h"

enum {
    QUESTIONS_A_SECOND = 2000,   /* to the pidstatd of other hosts, all together */
    QUESTIONS_OF_A_CLIENT = 100, /* of these */
    QUESTIONS_TO_A_HOST = 50,    /* likewise */
    QUESTION_BATCH_MS = 50,      /* being woken costs more than a question */
    ASK_AGAIN_MS = 30000,        /* of what pidstatds tell by themselves, if they watch */
    LOOK_UPS_OF_A_CLIENT = 2,    /* of names, at once */
    SOCKETS_MAX = 4096,
    TRIES = 3, /* of a question that is asked once: a second each */
};

/* A watch that has ended before it is renewed leaves ends unseen until then. */
_Static_assert(2 * ASK_AGAIN_MS < PIDSTAT_WATCH_LEASE_S * 1000, "a question may be lost");

static void on_asker_readable(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    pidstat_asker_process(server->asker);
}

static void on_unproven(void *context, const char *who, unsigned count)
{
    context_log(context, LOG_WARNING,
                "not believed: answers from the pidstatd port of %s that do not repeat the id of a "
                "question (%u since the last such line); they are forged, or a classic pidstatd "
                "stands where farmlock's has answered in the last 24 hours",
                who, count);
}

/* Of the descriptors for watching, one in four. */
static size_t sockets_max(const struct ipclocker_server *server)
{
    size_t share = server->owner_descriptors_max / 4;

    return share < SOCKETS_MAX ? share + 1 : SOCKETS_MAX;
}

/* It comes with the first question: most servers serve one host, or sessions only. */
static struct pidstat_asker *get(struct ipclocker_server *server)
{
    const struct pidstat_asker_options options = {.port = (uint16_t)server->pidstat_port,
                                                  .repeat_ms = ASK_AGAIN_MS,
                                                  .rate = QUESTIONS_A_SECOND,
                                                  .client_rate = QUESTIONS_OF_A_CLIENT,
                                                  .host_rate = QUESTIONS_TO_A_HOST,
                                                  .batch_ms = QUESTION_BATCH_MS,
                                                  .max_pending = SIZE_MAX,
                                                  .max_look_ups = LOOK_UPS_OF_A_CLIENT,
                                                  .max_sockets = sockets_max(server),
                                                  .no_classic = server->no_classic_pidstatd,
                                                  .unproven = on_unproven,
                                                  .unproven_context = server};

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

/* A container's name for itself is not its machine's, nor the pids in there. */
static bool is_of_container(const struct lock_request *request)
{
    return process_namespace_is_container(request->process->pid_namespace);
}

bool owner_asker_can_ask(const struct ipclocker_server *server, const struct lock_request *request)
{
    const struct lock_claimant *process = request->process;

    if (server->pidstat_port < 0)
        return false;
    if (is_of_container(request))
        return process->start != 0 && process->boot != NULL &&
               ip_text_is_known(request->asker.peer);
    return process->host != NULL;
}

/* Questions have their turns by the address that a request came from; all of an IPv6 network of
 * that size are one's.  Where it is not known, as of old state files, by the owner's host. */
static uint64_t client_of(const struct ipclocker_server *server, const struct owner_turn *turn,
                          const char *host)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = memcmp(turn->peer, mapped, sizeof mapped) == 0;
    uint64_t key;

    if (ip_text_is_known(turn->peer))
        key = siphash(&server->boot_key, turn->peer, is_v4 ? IP_BYTES : IP_BYTES / 2);
    else
        key = owner_process_hash_boot(server, host);
    return turn->is_report ? ~key : key;
}

struct asker_question *owner_asker_ask(struct ipclocker_server *server,
                                       const struct lock_request *request,
                                       const struct owner_turn *turn, unsigned flags,
                                       pidstat_asker_fn *function, void *context)
{
    const struct lock_claimant *process = request->process;
    char address[IP_TEXT_SIZE];
    const struct pidstat_target target = {
        .host = is_of_container(request) ? address : process->host,
        .pid = (pid_t)process->pid,
        .start = process->start,
        .boot = process->boot,
        .pid_namespace = process->pid_namespace,
        .tries = flags & ASK_STANDING ? 0 : TRIES,
        .flags = flags | ASK_BY_NETWORK,
        .client = client_of(server, turn, process->host),
        .peer = turn->peer,
    };
    struct pidstat_asker *asker = get(server);

    server->counts.owners_asked++;
    ip_text_format(address, request->asker.peer);
    return asker != NULL ? pidstat_asker_ask(asker, &target, function, context) : NULL;
}

struct asker_question *owner_asker_ask_boot(struct ipclocker_server *server,
                                            const struct lock_request *request,
                                            pidstat_asker_fn *function, void *context)
{
    const struct owner_turn turn = {.peer = request->asker.peer};
    const struct pidstat_target target = {
        .host = request->process->host,
        .pid = 1,
        .boot = request->process->boot,
        .flags = ASK_STANDING | ASK_URGENT | ASK_BY_NETWORK | ASK_ANY_NAMESPACE,
        .client = client_of(server, &turn, request->process->host),
        .peer = turn.peer,
    };
    struct pidstat_asker *asker = get(server);

    return asker != NULL ? pidstat_asker_ask(asker, &target, function, context) : NULL;
}

void owner_asker_fini(struct ipclocker_server *server)
{
    if (server->asker == NULL)
        return;
    event_del(&server->asker_readable);
    pidstat_asker_destroy(server->asker);
    server->asker = NULL;
}
