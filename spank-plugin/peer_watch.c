/* The connecting side of a lifeline.
 * Must not take anything but a refusal for one. */
#include "peer_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/descriptor.h"

enum {
    CONNECT_MS = 3000,
    CONFIRM_MS = 1000,
    PAUSE_MS = 100, /* doubled with each try */
    REFUSED_PAUSE_MAX_MS = 5000,
    SILENT_PAUSE_MAX_MS = 30000,
    KEEP_IDLE_S = 60,
    KEEP_INTERVAL_S = 20,
    KEEP_COUNT = 3,
};

static int at_most(int64_t value, int most)
{
    return value < 1 ? 1 : value > most ? most : (int)value;
}

static void hang_up(struct peer_watch *line)
{
    descriptor_close(line->fd);
    line->fd = -1;
}

/* For how long the other side has not answered: since the first probe that was in vain, for the
 * quiet before that was ours. */
static int64_t silent_for_ms(const struct peer_watch *line)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    int64_t quiet_ms = line->keepalive.idle_s * INT64_C(1000);

    if (getsockopt(line->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_last_ack_recv > quiet_ms ? info.tcpi_last_ack_recv - quiet_ms : 0;
}

/* Many watchers lose their connections at the same moment; they come back at different ones. */
static int64_t spread(const struct peer_watch *line, int64_t pause_ms)
{
    return pause_ms - pause_ms / 4 + (line->fd * 131 + getpid() * 17) % (pause_ms / 2 + 1);
}

static void rest(struct peer_watch *line, enum peer_watch_state state, int64_t pause_max_ms,
                 int64_t now_ms)
{
    int64_t pause_ms = line->tries < 16 ? (int64_t)PAUSE_MS << line->tries : pause_max_ms;

    line->state = state;
    line->phase = PEER_WATCH_RESTING;
    line->due_ms = now_ms + spread(line, pause_ms < pause_max_ms ? pause_ms : pause_max_ms);
    line->tries++;
    hang_up(line);
}

static bool is_silence(int error)
{
    return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EHOSTDOWN || error == ENETDOWN;
}

static void take_failure(struct peer_watch *line, int error, int64_t now_ms)
{
    if (error == ECONNREFUSED) {
        line->heard_ms = now_ms;
        rest(line, PEER_WATCH_REFUSED, REFUSED_PAUSE_MAX_MS, now_ms);
    } else if (is_silence(error)) {
        rest(line, PEER_WATCH_SILENT, SILENT_PAUSE_MAX_MS, now_ms);
    } else {
        rest(line, PEER_WATCH_UNKNOWN, REFUSED_PAUSE_MAX_MS, now_ms);
    }
}

/* The byte shows later whether the connection is in the other side's queue: one that found no
 * room there looks the same from here, but nobody acknowledges what it sends. */
static void take_connection(struct peer_watch *line, int64_t now_ms)
{
    line->heard_ms = now_ms;
    line->state = PEER_WATCH_UP;
    line->phase = PEER_WATCH_HELD;
    line->was_up = true;
    line->confirmed = false;
    line->due_ms = now_ms + CONFIRM_MS;
    if (send(line->fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        line->due_ms = now_ms;
}

static void try_to_connect(struct peer_watch *line, int64_t now_ms)
{
    line->fd = socket(line->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (line->fd < 0) {
        take_failure(line, errno, now_ms);
        return;
    }
    keepalive_set(line->fd, &line->keepalive);
    if (connect(line->fd, (struct sockaddr *)&line->to, line->to_len) == 0) {
        take_connection(line, now_ms);
    } else if (errno == EINPROGRESS) {
        line->phase = PEER_WATCH_CONNECTING;
        line->due_ms = now_ms + CONNECT_MS;
    } else {
        take_failure(line, errno, now_ms);
    }
}

static void lose(struct peer_watch *line, int error, int64_t now_ms)
{
    line->tries = 0;
    if (is_silence(error)) {
        line->heard_ms = now_ms - silent_for_ms(line);
        take_failure(line, error, now_ms);
        return;
    }
    line->heard_ms = now_ms;
    line->state = PEER_WATCH_UNKNOWN;
    hang_up(line);
    try_to_connect(line, now_ms);
}

static bool is_ready(const struct peer_watch *line)
{
    struct pollfd poll_fd = {.fd = line->fd, .events = peer_watch_events(line)};

    return poll(&poll_fd, 1, 0) > 0;
}

static int socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static void process_connecting(struct peer_watch *line, int64_t now_ms)
{
    int error;

    if (is_ready(line)) {
        error = socket_error(line->fd);
        if (error == ECONNRESET) {
            /* Refused it would have been by another name: it was there, and broke unseen. */
            line->was_up = true;
            lose(line, error, now_ms);
        } else if (error != 0) {
            take_failure(line, error, now_ms);
        } else {
            take_connection(line, now_ms);
        }
    } else if (now_ms >= line->due_ms) {
        take_failure(line, ETIMEDOUT, now_ms);
    }
}

/* No room in the queue: there may be later, or in that of another socket. */
static void confirm(struct peer_watch *line, int64_t now_ms)
{
    int unacknowledged = 0;

    line->confirmed = ioctl(line->fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged == 0;
    line->due_ms = 0;
    if (!line->confirmed)
        rest(line, PEER_WATCH_SILENT, REFUSED_PAUSE_MAX_MS, now_ms);
    else
        line->tries = 0;
}

static void process_held(struct peer_watch *line, int64_t now_ms)
{
    char byte;
    ssize_t len;

    if (!is_ready(line)) {
        if (line->due_ms != 0 && now_ms >= line->due_ms)
            confirm(line, now_ms);
        return;
    }
    len = recv(line->fd, &byte, 1, MSG_DONTWAIT);
    if (len > 0)
        /* Whoever talks is not whom we watch: another program has the port now. */
        rest(line, PEER_WATCH_UNKNOWN, REFUSED_PAUSE_MAX_MS, now_ms);
    else if (len == 0 || errno != EAGAIN)
        lose(line, len == 0 ? ECONNRESET : errno, now_ms);
}

void peer_watch_process(struct peer_watch *line, int64_t now_ms)
{
    if (line->phase == PEER_WATCH_HELD)
        process_held(line, now_ms);
    else if (line->phase == PEER_WATCH_CONNECTING)
        process_connecting(line, now_ms);
    else if (now_ms >= line->due_ms)
        try_to_connect(line, now_ms);
}

int peer_watch_fd(const struct peer_watch *line)
{
    return line->fd;
}

short peer_watch_events(const struct peer_watch *line)
{
    return line->phase == PEER_WATCH_CONNECTING ? POLLOUT : POLLIN;
}

int64_t peer_watch_due_ms(const struct peer_watch *line)
{
    return line->due_ms;
}

/* Not getaddrinfo(3): this runs in children of programs with threads, whose locks may be held. */
static bool parse_address(struct peer_watch *line, const char *host, uint16_t port)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&line->to;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&line->to;

    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        line->to_len = sizeof *four;
        return true;
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    line->to_len = sizeof *six;
    return inet_pton(AF_INET6, host, &six->sin6_addr) == 1;
}

int peer_watch_open(struct peer_watch *line, const char *host, uint16_t port, int64_t silence_ms,
                    int64_t now_ms)
{
    *line = (struct peer_watch){.fd = -1, .heard_ms = now_ms};
    if (port == 0 || !parse_address(line, host, port)) {
        errno = EINVAL;
        return -1;
    }
    line->keepalive = (struct keepalive){
        .idle_s = at_most(silence_ms < 0 ? KEEP_IDLE_S : silence_ms / 4000, KEEP_IDLE_S),
        .interval_s =
            at_most(silence_ms < 0 ? KEEP_INTERVAL_S : silence_ms / 8000, KEEP_INTERVAL_S),
        .probes = KEEP_COUNT,
    };
    try_to_connect(line, now_ms);
    return 0;
}

void peer_watch_close(struct peer_watch *line)
{
    hang_up(line);
}
