/* The connection to a server: finding one, bytes in and out, pauses between tries.
 * Must not block but in the resolver, nor look into what is said. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "private.h"

enum {
    PAUSE_MIN_MS = 100,
    PAUSE_MAX_MS = 60000,
    /* Who stood in a queue keeps its place for a while only: the pauses are short. */
    LOST_PAUSE_MS = 100,
    LOST_PAUSE_MAX_MS = 5000,
};

/* The host to be tried as number `step` of a round: the one that answered last comes first. */
static const struct client_host *host_of_step(const struct ipclocker *lock, size_t step)
{
    size_t preferred = lock->preferred_host;

    if (step == 0)
        return &lock->set.hosts[preferred];
    return &lock->set.hosts[step <= preferred ? step - 1 : step];
}

const struct client_host *client_current_host(const struct ipclocker *lock)
{
    return host_of_step(lock, lock->host_step > 0 ? lock->host_step - 1 : 0);
}

void client_round_begin(struct ipclocker *lock)
{
    lock->host_step = 0;
    lock->address_count = 0;
    lock->address_index = 0;
    lock->failures_len = 0;
    lock->failures[0] = '\0';
}

/* Says less than the failure of another address of the same host. */
static bool is_lesser_failure(int number)
{
    return number == EAFNOSUPPORT || number == EADDRNOTAVAIL || number == ENETUNREACH;
}

void client_round_failed(struct ipclocker *lock, int number, const char *reason)
{
    bool same_host = lock->failures_step == lock->host_step && lock->failures[0] != '\0';
    char host[320];

    if (same_host && is_lesser_failure(number))
        return;
    if (!same_host)
        lock->failures_len = strlen(lock->failures);
    client_host_describe(lock, client_current_host(lock), host, sizeof host);
    snprintf(lock->failures + lock->failures_len, sizeof lock->failures - lock->failures_len,
             "%s%s (%s)", lock->failures_len > 0 ? ", " : "", host, reason);
    lock->failures_step = lock->host_step;
    /* ETIMEDOUT is kept for the caller's own limit. */
    lock->failure_errno = number == ETIMEDOUT ? EHOSTUNREACH : number;
    lock->is_turned_away = false;
}

static socklen_t address_len(const union client_address *address)
{
    switch (address->any.sa_family) {
    case AF_INET:
        return sizeof address->in;
    case AF_INET6:
        return sizeof address->in6;
    default:
        return sizeof address->un;
    }
}

int client_open_socket(const union client_address *address)
{
    const int on = 1;
    int saved_errno;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (address->any.sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address->any, address_len(address)) == 0 || errno == EINPROGRESS)
        return fd;
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

/* A second connect(2) tells what became of the first. */
int client_check_socket(int fd, const union client_address *address)
{
    if (connect(fd, &address->any, address_len(address)) == 0 || errno == EISCONN)
        return 1;
    return errno == EALREADY || errno == EINPROGRESS ? 0 : -1;
}

static bool try_address(struct ipclocker *lock)
{
    lock->connection.fd = client_open_socket(&lock->addresses[lock->address_index++]);
    if (lock->connection.fd < 0) {
        client_round_failed(lock, errno, strerror(errno));
        return false;
    }
    lock->phase = PHASE_CONNECTING;
    lock->phase_deadline_ms = clock_now_ms() + CLIENT_CONNECT_MS;
    return true;
}

/* Of a name with several addresses, the others may be other servers.  Where it is none of them any
 * more, the server has moved, and its name with it. */
static void prefer_home(struct ipclocker *lock)
{
    socklen_t len = address_len(&lock->home_address);

    for (size_t i = 0; i < lock->address_count; i++) {
        if (memcmp(&lock->addresses[i], &lock->home_address, len) != 0)
            continue;
        lock->addresses[0] = lock->home_address;
        lock->address_count = 1;
    }
}

int client_connect_next(struct ipclocker *lock)
{
    char reason[128];

    for (;;) {
        while (lock->address_index < lock->address_count) {
            if (try_address(lock))
                return 0;
        }
        if (lock->host_step == (lock->at_home ? 1 : lock->set.host_count))
            return -1;
        lock->host_step++;
        if (client_host_resolve(lock, client_current_host(lock), reason, sizeof reason) != 0)
            client_round_failed(lock, errno, reason);
        if (lock->at_home)
            prefer_home(lock);
    }
}

const union client_address *client_current_address(const struct ipclocker *lock)
{
    return &lock->addresses[lock->address_index > 0 ? lock->address_index - 1 : 0];
}

void client_remember_host(struct ipclocker *lock)
{
    lock->preferred_host = (size_t)(client_current_host(lock) - lock->set.hosts);
    lock->host_step = 1;
}

void client_settle(struct ipclocker *lock)
{
    lock->home_host = lock->preferred_host;
    lock->home_address = *client_current_address(lock);
    lock->at_home = true;
}

int64_t client_pause_ms(const struct ipclocker *lock, bool was_lost)
{
    double pause = was_lost ? LOST_PAUSE_MS : lock->set.delay_ms;
    double pause_max = was_lost ? LOST_PAUSE_MAX_MS : PAUSE_MAX_MS;
    uint16_t random = 0;

    for (unsigned i = 1; i < lock->tries && pause < pause_max; i++)
        pause *= 1.5;
    if (pause > pause_max && pause > lock->set.delay_ms)
        pause = pause_max;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint16_t)clock_now_ms();
    pause *= 0.75 + 0.5 * random / UINT16_MAX;
    return pause > PAUSE_MIN_MS ? (int64_t)pause : PAUSE_MIN_MS;
}

void client_keep_alive(const struct ipclocker *lock)
{
    static const struct {
        int level, option, value;
    } settings[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60},
        {IPPROTO_TCP, TCP_KEEPINTVL, 15},
        {IPPROTO_TCP, TCP_KEEPCNT, 4},
    };

    if (client_current_address(lock)->any.sa_family == AF_UNIX)
        return;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        setsockopt(lock->connection.fd, settings[i].level, settings[i].option, &settings[i].value,
                   sizeof settings[i].value);
}

void client_disconnect(struct ipclocker *lock)
{
    struct client_connection *connection = &lock->connection;

    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->dialect = DIALECT_UNKNOWN;
    buffer_fini(&connection->out);
    answer_parser_fini(&connection->parser);
}

static void trace(const struct ipclocker *lock, bool sent, const char *bytes, size_t len)
{
    if (lock->set.trace != NULL)
        lock->set.trace(lock->set.trace_context, sent, bytes, len);
}

int client_flush(struct ipclocker *lock)
{
    struct buffer *out = &lock->connection.out;

    if (out->failed) {
        errno = ENOMEM;
        return -1;
    }
    while (out->len > 0) {
        ssize_t sent = send(lock->connection.fd, out->data, out->len, MSG_NOSIGNAL);

        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        trace(lock, true, out->data, (size_t)sent);
        buffer_drop(out, (size_t)sent);
    }
    return 0;
}

int client_receive(struct ipclocker *lock)
{
    char bytes[16384];
    ssize_t len = recv(lock->connection.fd, bytes, sizeof bytes, 0);

    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (len == 0) {
        errno = ECONNRESET;
        return -1;
    }
    trace(lock, false, bytes, (size_t)len);
    if (!answer_parser_feed(&lock->connection.parser, bytes, (size_t)len)) {
        errno = ENOMEM;
        return -1;
    }
    return 1;
}
