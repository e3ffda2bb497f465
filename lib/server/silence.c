/* How long owners have been silent, and what comes of it.
 * Must not count a time in which nothing could have been heard. */
#include "silence.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <syslog.h>

#include "base/clock.h"
#include "context.h"
#include "net/keepalive.h"

enum {
    TICK_MS = 1000,
    LATE_MS = 5000, /* a loop that comes so much later has stood still */
    LOOKS_A_TICK = 1000,
    PROBES_A_SILENCE = 4,
    PROBE_S_MOST = 15,
    PROBES_LEAST = 4,
    PROBES_MOST = 40,
};

/* What is known of how long one was silent. */
struct silence {
    struct claim *claim;
    int64_t left_ms; /* when its last session has gone; 0: none has */

    /* Of one whose silence counts. */
    bool counts;
    struct tree_node node; /* in server->silence.due */
    int64_t due_ms;        /* nothing is to be done before */
    int64_t since_ms;      /* when it was granted, renewed or restored */
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct silence *left = tree_entry(a, const struct silence, node);
    const struct silence *right = tree_entry(b, const struct silence, node);
    uint64_t one = left->claim->request->ticket, other = right->claim->request->ticket;

    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms ? -1 : 1;
    return (one > other) - (one < other);
}

void silence_init(struct ipclocker_server *server)
{
    server->silence.due.compare = compare;
}

static int64_t now(const struct ipclocker_server *server)
{
    return clock_now_ms() - server->silence.deaf_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* 0 is never. */
static int64_t lost_after_ms(const struct ipclocker_server *server,
                             const struct lock_request *request)
{
    if (request->process->lost_after_s != 0)
        return request->process->lost_after_s * INT64_C(1000);
    return request->autounlock ? (int64_t)server->limits[IPCLOCKER_LIMIT_LOST_AFTER_S] * 1000 : 0;
}

bool silence_counts(const struct ipclocker_server *server, const struct lock_request *request)
{
    return lost_after_ms(server, request) != 0;
}

static bool counts(const struct claim *claim)
{
    return claim->silence != NULL && claim->silence->counts;
}

/* The claim's own; NULL without memory. */
static struct silence *silence_of(struct claim *claim)
{
    if (claim->silence == NULL)
        claim->silence = calloc(1, sizeof *claim->silence);
    if (claim->silence != NULL)
        claim->silence->claim = claim;
    return claim->silence;
}

static const struct conn *session_of(const struct claim *claim)
{
    const struct claim_link *link;

    LIST_FOREACH(link, &claim->links, of_claim)
    {
        if (link->conn->session)
            return link->conn;
    }
    return NULL;
}

/* For how long the other host's kernel has said nothing, which answers probes whatever its
 * processes do. */
static int64_t silence_of_session(const struct conn *conn)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    if (!ip_text_is_known(conn->asker.peer) ||
        getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_last_ack_recv < info.tcpi_last_data_recv ? info.tcpi_last_ack_recv
                                                              : info.tcpi_last_data_recv;
}

/* A process that is seen is heard all the time; one whose pidstatd is asked now and then, as long
 * as that has answered the last time. */
static int64_t heard_of_process(const struct ipclocker_server *server,
                                const struct owner_process *owner)
{
    switch ((enum owner_process_method)owner->method) {
    case OWNER_PROCESS_BY_DESCRIPTOR:
    case OWNER_PROCESS_BY_LOOKS:
        return now(server);
    case OWNER_PROCESS_BY_QUESTION:
        return owner->heard_ms != 0 && !owner->is_silent ? now(server) : owner->heard_ms;
    default:
        return 0;
    }
}

static int64_t heard_ms(const struct ipclocker_server *server, const struct claim *claim)
{
    const struct conn *session = session_of(claim);
    int64_t heard = claim->silence != NULL ? claim->silence->left_ms : 0;

    if (counts(claim))
        heard = later(heard, claim->silence->since_ms);
    if (claim->owner != NULL)
        heard = later(heard, heard_of_process(server, claim->owner));
    /* One whose silence does not count is known to be cut off when its connection ends. */
    if (session != NULL)
        heard = later(heard, now(server) - (counts(claim) ? silence_of_session(session) : 0));
    return heard;
}

bool silence_is_connected(const struct lock_request *request)
{
    return request->user_data != NULL && session_of(request->user_data) != NULL;
}

int64_t silence_ms(const struct ipclocker_server *server, const struct lock_request *request)
{
    const struct claim *claim = request->user_data;
    int64_t heard = claim != NULL ? heard_ms(server, claim) : 0;

    if (request->is_kept || (!request->autounlock && !silence_counts(server, request)))
        return -1;
    if (heard == 0)
        return later(0, context_now_ms(server) - request->last_asked_ms);
    return later(0, now(server) - heard);
}

/* Ended, or to be looked at again.  May free its claim, and the silence with it. */
static void look_at(struct ipclocker_server *server, struct silence *silence)
{
    struct lock_request *request = silence->claim->request;
    int64_t most_ms = lost_after_ms(server, request);
    int64_t heard = heard_ms(server, silence->claim), silent_ms = now(server) - heard;

    if (most_ms != 0 && !request->is_kept && silent_ms >= most_ms) {
        context_log_of(server, request->payer, LOG_NOTICE,
                       "nothing was heard of %s for %" PRId64 " s: releasing what it held",
                       request->owner, silent_ms / 1000);
        lock_table_end(server->table, request, LOCK_REASON_SILENT, context_now_ms(server));
        return;
    }
    tree_remove(&server->silence.due, &silence->node);
    silence->due_ms = later(heard + most_ms, now(server) + TICK_MS);
    tree_insert(&server->silence.due, &silence->node);
}

static void note_stand_still(struct ipclocker_server *server)
{
    int64_t at_ms = clock_now_ms(), missed_ms = at_ms - server->silence.ticked_ms - TICK_MS;

    if (missed_ms > LATE_MS)
        server->silence.deaf_ms += missed_ms;
    server->silence.ticked_ms = at_ms;
}

static void arm(struct ipclocker_server *server)
{
    const struct timeval pause = {.tv_sec = TICK_MS / 1000};

    evtimer_add(server->silence.tick, &pause);
}

/* While the disk of the state fails, nothing changes the table. */
static void on_tick(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    note_stand_still(server);
    for (int i = 0; i < LOOKS_A_TICK && server->state.phase == STATE_SERVING; i++) {
        struct tree_node *node = tree_first(&server->silence.due);

        if (node == NULL || tree_entry(node, struct silence, node)->due_ms > now(server))
            break;
        look_at(server, tree_entry(node, struct silence, node));
    }
    if (tree_count(&server->silence.due) > 0)
        arm(server);
}

static bool begin_ticks(struct ipclocker_server *server)
{
    if (server->silence.tick == NULL)
        server->silence.tick = evtimer_new(server->base, on_tick, server);
    if (server->silence.tick == NULL)
        return false;
    if (!evtimer_pending(server->silence.tick, NULL)) {
        server->silence.ticked_ms = clock_now_ms();
        arm(server);
    }
    return true;
}

/* So that the other host is heard more often than it may be silent; and while it is, the connection
 * stays, over which it is heard again. */
static void probe(const struct conn *conn, int64_t most_ms)
{
    int64_t every_s = most_ms / 1000 / PROBES_A_SILENCE, probes;
    struct keepalive patience;

    if (conn == NULL || !ip_text_is_known(conn->asker.peer))
        return;
    every_s = every_s < 1 ? 1 : every_s > PROBE_S_MOST ? PROBE_S_MOST : every_s;
    probes = later(most_ms / 1000 / every_s + 2, PROBES_LEAST);
    patience = (struct keepalive){.idle_s = (int)every_s,
                                  .interval_s = (int)every_s,
                                  .probes = probes < PROBES_MOST ? (int)probes : PROBES_MOST};
    keepalive_set(conn->fd, &patience);
}

void silence_watch(struct claim *claim)
{
    struct ipclocker_server *server = claim->server;
    int64_t most_ms = lost_after_ms(server, claim->request);

    if (most_ms == 0 || claim->request->state != LOCK_HELD)
        return;
    probe(session_of(claim), most_ms);
    if (counts(claim)) {
        tree_remove(&server->silence.due, &claim->silence->node);
    } else if (!begin_ticks(server) || silence_of(claim) == NULL) {
        context_log(server, LOG_WARNING, "no memory to hear how long %s is silent",
                    claim->request->owner);
        return;
    }
    claim->silence->counts = true;
    claim->silence->since_ms = now(server);
    claim->silence->due_ms = now(server) + most_ms;
    tree_insert(&server->silence.due, &claim->silence->node);
}

void silence_forget(struct claim *claim)
{
    if (counts(claim))
        tree_remove(&claim->server->silence.due, &claim->silence->node);
    free(claim->silence);
    claim->silence = NULL;
}

void silence_leave(struct claim *claim, const struct conn *conn)
{
    int64_t silent_ms = counts(claim) ? silence_of_session(conn) : 0;
    struct silence *silence = conn->session ? silence_of(claim) : NULL;

    if (silence != NULL)
        silence->left_ms = later(silence->left_ms, now(claim->server) - silent_ms);
}

void silence_note(const struct ipclocker_server *server, struct owner_process *owner, bool answered)
{
    owner->is_silent = !answered;
    if (answered)
        owner->heard_ms = now(server);
}

void silence_fini(struct ipclocker_server *server)
{
    if (server->silence.tick != NULL)
        event_free(server->silence.tick);
    server->silence.tick = NULL;
}
