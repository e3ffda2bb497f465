/* One connection: its socket, and bytes in and out.
 * Must not block, choose a server, nor look into what is said. */
#include "connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/descriptor.h"
#include "net/keepalive.h"
#include "proof.h"

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

bool client_connection_same_address(const union client_address *a, const union client_address *b)
{
    return memcmp(a, b, address_len(b)) == 0;
}

int client_connection_open(const union client_address *address)
{
    const int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (address->any.sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address->any, address_len(address)) == 0 || errno == EINPROGRESS)
        return fd;
    descriptor_close(fd);
    return -1;
}

/* A second connect(2) tells what became of the first. */
int client_connection_check(int fd, const union client_address *address)
{
    if (connect(fd, &address->any, address_len(address)) == 0 || errno == EISCONN)
        return 1;
    return errno == EALREADY || errno == EINPROGRESS ? 0 : -1;
}

const union client_address *client_connection_address(const struct ipclocker *lock)
{
    return &lock->round.at.address;
}

void client_connection_keep_alive(const struct ipclocker *lock)
{
    static const struct keepalive patience = {.idle_s = 60, .interval_s = 15, .probes = 4};
    /* What was sent and is not confirmed holds the probes up: the same time for that. */
    const unsigned unconfirmed_ms = 120000;

    keepalive_set(lock->connection.fd, &patience);
    setsockopt(lock->connection.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unconfirmed_ms,
               sizeof unconfirmed_ms);
}

static void trace(const struct ipclocker *lock, bool sent, const char *bytes, size_t len)
{
    int saved_errno = errno;

    if (lock->set.trace != NULL)
        lock->set.trace(lock->set.trace_context, sent, bytes, len);
    errno = saved_errno;
}

void client_connection_close(struct ipclocker *lock)
{
    struct client_connection *connection = &lock->connection;

    if (connection->fd >= 0)
        trace(lock, false, "", 0);
    descriptor_close(connection->fd);
    connection->fd = -1;
    connection->dialect = DIALECT_UNKNOWN;
    buffer_fini(&connection->out);
    answer_parser_fini(&connection->parser);
    explicit_bzero(&connection->proof, sizeof connection->proof);
    connection->awaits_version = false;
    connection->receives_much = false;
    connection->cluster[0] = '\0';
    lock->pulse.is_asked = false;
}

int client_connection_flush(struct ipclocker *lock)
{
    struct buffer *out = &lock->connection.out;

    client_proof_seal(lock);
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
        if (lock->connection.proof.is_sealed)
            lock->connection.proof.sealed_len -= (size_t)sent;
    }
    return 0;
}

bool client_connection_is_delivered(const struct ipclocker *lock)
{
    int left = 0;

    if (client_connection_address(lock)->any.sa_family == AF_UNIX)
        return true;
    return ioctl(lock->connection.fd, SIOCOUTQ, &left) != 0 || left == 0;
}

/* What was received by a call of recv(2). */
static int take(struct ipclocker *lock, const char *bytes, ssize_t len)
{
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
    return (int)len;
}

/* A frame of its own: all pages of it are touched. */
__attribute__((noinline)) static int receive_much(struct ipclocker *lock)
{
    char bytes[16384];

    return take(lock, bytes, recv(lock->connection.fd, bytes, sizeof bytes, 0));
}

int client_connection_receive(struct ipclocker *lock)
{
    struct client_connection *connection = &lock->connection;
    char bytes[1024];
    int len;

    if (connection->receives_much)
        return receive_much(lock);
    len = take(lock, bytes, recv(connection->fd, bytes, sizeof bytes, 0));
    connection->receives_much = len == sizeof bytes;
    return len;
}
