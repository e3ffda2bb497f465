/* The server that pidstatd(8) is a program around: datagrams in, answers out, batch by batch.
 * Must not answer more than it was asked, nor let a datagram cost more than another. */
#include "pidstat.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/siphash.h"
#include "inner.h"
#include "net/cidr.h"
#include "net/port.h"
#include "outbox.h"
#include "process/process.h"
#include "recent.h"
#include "socket.h"
#include "watch.h"
#include "wire.h"

enum {
    BATCH = 64,
    BATCHES_A_TURN = 8, /* other events of the loop get their turn under a flood */
    LISTENERS_MAX = 16,
    LOOP_DESCRIPTORS = 3, /* of a loop of libevent's: its set, and a pair for signals */
    MAX_WATCHES_DEFAULT = 16384,
    MAX_WATCHES_LIMIT = 1000000,
};

struct inbox {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_storage from[BATCH];
    char text[BATCH][PIDSTAT_WIRE_MAX + 1];
    /* Larger than ours need: a kernel may add ancillary data that nobody asked for. */
    _Alignas(struct cmsghdr) char control[BATCH][128];
};

struct pidstat_server {
    char *host;
    uint16_t port;
    size_t max_watches;
    int fds[LISTENERS_MAX];
    struct event *events[LISTENERS_MAX];
    size_t listeners;
    struct event_base *own_base; /* while pidstat_server_run() runs */
    struct watch_table *watches;
    struct inner_desk *inner;
    struct recent *recent;
    struct siphash_key key;
    struct cidr_list allow;
    uint64_t pid_namespace;
    struct pidstat_server_stats stats;
    char name[PIDSTAT_WIRE_HOST_MAX + 1];
    struct inbox in;
    struct outbox out;
};

static void flush(void *context)
{
    struct pidstat_server *server = context;

    outbox_flush(&server->out);
}

static void post_end(void *context, const struct watch_route *route, const char *text, size_t len)
{
    struct pidstat_server *server = context;

    server->stats.watched++;
    outbox_post(&server->out, route, text, len);
}

static enum pidstat_state judge(struct pidstat_server *server,
                                const struct pidstat_question *question, uint64_t *started)
{
    const struct pidstat_words *asked = &question->words;
    uint64_t start = asked->present & WORD_START ? asked->start : 0;

    if ((asked->present & WORD_BOOT) && process_ended_with_boot(question->pid, start, asked->boot))
        return PIDSTAT_GONE;
    return recent_look_up(server->recent, question->pid, start,
                          asked->present & WORD_START_ASKED ? started : NULL);
}

static void add_identity(const struct pidstat_server *server,
                         const struct pidstat_question *question, enum pidstat_state state,
                         struct pidstat_words *words)
{
    unsigned asked = question->words.present;

    if (asked & WORD_ID) {
        words->present |= WORD_ID;
        words->id = question->words.id;
    }
    if ((asked & WORD_START) && state != PIDSTAT_UNKNOWN)
        words->start = question->words.start;
    if (words->start != 0)
        words->present |= WORD_START;
    if ((asked & (WORD_BOOT | WORD_BOOT_ASKED)) && strlen(process_boot_id()) > 1) {
        words->present |= WORD_BOOT;
        snprintf(words->boot, sizeof words->boot, "%s", process_boot_id());
    }
    if ((asked & (WORD_NAMESPACE | WORD_NAMESPACE_ASKED)) && server->pid_namespace != 0) {
        words->present |= WORD_NAMESPACE;
        words->pid_namespace = server->pid_namespace;
    }
}

static bool keep_watch(struct pidstat_server *server, const struct watch_route *route,
                       const struct pidstat_question *question, size_t question_len, pid_t pid,
                       const struct pidstat_words *words)
{
    struct watch_route to = *route;
    char text[PIDSTAT_WIRE_MAX];
    size_t len =
        pidstat_wire_format_answer(text, question, question_len, server->name, PIDSTAT_GONE, words);

    to.question = (question->words.present & WORD_ID) ? question->words.id : 0;
    if (len == 0 || !pidstat_wire_is_wanted(question->which, PIDSTAT_GONE))
        return false;
    while (watch_table_renew(server->watches, &to, pid, words->start, text, len) != 0) {
        /* A watch is worth more than what is only kept for speed. */
        if ((errno != EMFILE && errno != ENFILE) || !recent_give_back(server->recent))
            return false;
    }
    return true;
}

/* Only who has received our number at an address gets something unasked sent there later: a
 * forged address earns its owner one answer to one question, as ever. */
static void add_watch(struct pidstat_server *server, const struct watch_route *route,
                      const struct pidstat_question *question, size_t question_len, pid_t pid,
                      struct pidstat_words *words)
{
    uint64_t proof = siphash(&server->key, &route->asker, route->asker_len);

    if ((question->words.present & WORD_WATCH) && question->words.watch == proof &&
        !keep_watch(server, route, question, question_len, pid, words)) {
        server->stats.refused++;
        return;
    }
    words->present |= WORD_WATCH;
    words->watch = proof;
}

/* Answers with what is said of the process: of `pid` here, which is watched if that is asked for,
 * or of 0 where none can be. */
static void answer(struct pidstat_server *server, const struct watch_route *route,
                   const struct pidstat_question *question, size_t question_len,
                   enum pidstat_state state, pid_t pid, struct pidstat_words *words)
{
    char text[PIDSTAT_WIRE_MAX];
    size_t len;

    if ((question->words.present & (WORD_WATCH | WORD_WATCH_ASKED)) && state == PIDSTAT_EXISTS &&
        pid != 0)
        add_watch(server, route, question, question_len, pid, words);
    if (!pidstat_wire_is_wanted(question->which, state))
        return;
    len = pidstat_wire_format_answer(text, question, question_len, server->name, state, words);
    if (len > 0)
        outbox_post(&server->out, route, text, len);
}

/* What is said of a process in a container is said for its namespace, where we may see all. */
static void answer_inner(void *context, const struct inner_question *asked,
                         enum pidstat_state state, pid_t pid)
{
    struct pidstat_server *server = context;
    struct pidstat_words words = {0};

    add_identity(server, &asked->question, state, &words);
    if (state != PIDSTAT_UNKNOWN || !process_namespace_is_container(server->pid_namespace))
        words.pid_namespace = asked->question.words.pid_namespace;
    answer(server, &asked->route, &asked->question, asked->len, state, pid, &words);
    outbox_flush(&server->out);
}

static void take_question(struct pidstat_server *server, const struct watch_route *route,
                          const struct pidstat_question *question, size_t question_len)
{
    struct pidstat_words words = {0};
    enum pidstat_state state;

    if (inner_is_asked(question, server->pid_namespace)) {
        struct inner_question asked = {.route = *route, .question = *question, .len = question_len};

        asked.route.question = question->words.id;
        inner_desk_ask(server->inner, &asked);
        return;
    }
    state = judge(server, question, &words.start);
    if (question->words.present != 0)
        add_identity(server, question, state, &words);
    answer(server, route, question, question_len, state, question->pid, &words);
}

static void handle(struct pidstat_server *server, int fd, struct mmsghdr *received)
{
    struct pidstat_question question;
    struct watch_route route;
    char *text = received->msg_hdr.msg_iov->iov_base;

    if (!cidr_list_admits(&server->allow, received->msg_hdr.msg_name)) {
        server->stats.denied++;
        return;
    }
    if ((received->msg_hdr.msg_flags & MSG_TRUNC) ||
        !pidstat_socket_route(fd, &received->msg_hdr, &route) ||
        pidstat_wire_parse_question(text, received->msg_len, &question) != 0) {
        server->stats.malformed++;
        return;
    }
    server->stats.questions++;
    take_question(server, &route, &question, received->msg_len);
}

/* recvmmsg(2) changes what it fills: so many from the first on. */
static void reset_inbox(struct inbox *in, int count)
{
    for (int i = 0; i < count; i++) {
        in->parts[i] = (struct iovec){.iov_base = in->text[i], .iov_len = PIDSTAT_WIRE_MAX};
        in->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &in->from[i],
            .msg_namelen = sizeof in->from[i],
            .msg_iov = &in->parts[i],
            .msg_iovlen = 1,
            .msg_control = in->control[i],
            .msg_controllen = sizeof in->control[i],
        };
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct pidstat_server *server = arg;

    (void)what;
    for (int turn = 0; turn < BATCHES_A_TURN; turn++) {
        int count = recvmmsg(fd, server->in.messages, BATCH, MSG_DONTWAIT, NULL);

        recent_begin(server->recent);
        for (int i = 0; i < count; i++)
            handle(server, fd, &server->in.messages[i]);
        outbox_flush(&server->out);
        reset_inbox(&server->in, count);
        if (count < BATCH)
            break;
    }
}

struct pidstat_server *pidstat_server_create(void)
{
    struct pidstat_server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return NULL;
    server->port = port_default("pidstatd", "udp", PORT_PIDSTATD);
    server->max_watches = MAX_WATCHES_DEFAULT;
    reset_inbox(&server->in, BATCH);
    siphash_key_init(&server->key);
    return server;
}

static void detach(struct pidstat_server *server)
{
    for (size_t i = 0; i < server->listeners; i++) {
        if (server->events[i] != NULL)
            event_free(server->events[i]);
        server->events[i] = NULL;
    }
    watch_table_destroy(server->watches);
    server->watches = NULL;
    inner_desk_destroy(server->inner);
    server->inner = NULL;
    recent_destroy(server->recent);
    server->recent = NULL;
}

void pidstat_server_destroy(struct pidstat_server *server)
{
    int saved_errno = errno;

    if (server == NULL)
        return;
    detach(server);
    for (size_t i = 0; i < server->listeners; i++)
        close(server->fds[i]);
    cidr_list_fini(&server->allow);
    free(server->host);
    free(server);
    errno = saved_errno;
}

int pidstat_server_set_host(struct pidstat_server *server, const char *host)
{
    char *copy = NULL;

    if (host != NULL && (copy = strdup(host)) == NULL)
        return -1;
    free(server->host);
    server->host = copy;
    return 0;
}

int pidstat_server_set_port(struct pidstat_server *server, const char *port)
{
    return port_parse(port, "udp", &server->port);
}

int pidstat_server_set_max_watches(struct pidstat_server *server, size_t max)
{
    if (max > MAX_WATCHES_LIMIT) {
        errno = EINVAL;
        return -1;
    }
    server->max_watches = max;
    return 0;
}

int pidstat_server_set_allow(struct pidstat_server *server, const char *const *ranges, size_t count)
{
    struct cidr_list list = {.items = NULL};
    char error[CIDR_ERROR_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (cidr_list_add(&list, ranges[i], error) != 0) {
            cidr_list_fini(&list);
            return -1;
        }
    }
    cidr_list_fini(&server->allow);
    server->allow = list;
    return 0;
}

int pidstat_server_listen(struct pidstat_server *server)
{
    int count = pidstat_socket_open(server->host, server->port, server->fds, LISTENERS_MAX);

    if (count < 0)
        return -1;
    server->listeners = (size_t)count;
    pidstat_socket_host_name(server->name, sizeof server->name);
    return 0;
}

uint16_t pidstat_server_port(const struct pidstat_server *server)
{
    return server->port;
}

int pidstat_server_attach(struct pidstat_server *server, struct event_base *base)
{
    server->pid_namespace = process_pid_namespace();
    server->watches = watch_table_create(base, server->max_watches, post_end, flush, server);
    server->inner = inner_desk_create(base, answer_inner, server);
    server->recent = recent_create(recent_share());
    if (server->watches == NULL || server->inner == NULL || server->recent == NULL) {
        detach(server);
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i < server->listeners; i++) {
        server->events[i] =
            event_new(base, server->fds[i], EV_READ | EV_PERSIST, on_readable, server);
        if (server->events[i] == NULL || event_add(server->events[i], NULL) != 0) {
            detach(server);
            errno = ENOMEM;
            return -1;
        }
    }
    return 0;
}

int pidstat_server_run(struct pidstat_server *server)
{
    int result = -1;

    /* Without descriptors libevent would end the process. */
    if (descriptor_spare(LOOP_DESCRIPTORS) != 0)
        return -1;
    server->own_base = event_base_new();
    if (server->own_base == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (pidstat_server_attach(server, server->own_base) == 0)
        result = event_base_dispatch(server->own_base);
    detach(server);
    event_base_free(server->own_base);
    server->own_base = NULL;
    return result;
}

void pidstat_server_stop(struct pidstat_server *server)
{
    if (server->own_base != NULL)
        event_base_loopbreak(server->own_base);
}

void pidstat_server_stats(const struct pidstat_server *server, struct pidstat_server_stats *stats)
{
    *stats = server->stats;
    stats->answers = server->out.sent;
    stats->watches = server->watches != NULL ? watch_table_count(server->watches) : 0;
}
