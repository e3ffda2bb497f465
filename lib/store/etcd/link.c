/* Connects to a member of etcd, and carries bytes.
 * Must not know what they mean, nor wait beyond a deadline. */
#include "link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "fault.h"
#include "net/address.h"

struct link {
    int fd;
    struct tls *tls; /* NULL: none */
    const struct endpoint *endpoint;
    bool tls_waits_to_write; /* what was to be read or written needs it first */
};

static int begin_to_connect(const struct endpoint *endpoint, union resolver_address address)
{
    const int one = 1;
    bool is_v6 = address.any.sa_family == AF_INET6;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    address_set_port(&address.any, endpoint->port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, &address.any, is_v6 ? sizeof address.in6 : sizeof address.in) != 0 &&
        errno != EINPROGRESS) {
        descriptor_close(fd);
        return -1;
    }
    return fd;
}

static int failure_of(int fd)
{
    int number = 0;
    socklen_t len = sizeof number;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) == 0 ? number : errno;
}

static int connect_to(const struct endpoint *endpoint, const union resolver_address *address,
                      const struct patience *patience, struct etcd_error *error)
{
    int fd = begin_to_connect(endpoint, *address), number = errno;
    enum patience_end end;

    if (fd >= 0) {
        end = patience_wait(patience, fd, POLLOUT);
        if (end != PATIENCE_READY) {
            fault_set_wait(error, end, endpoint->url, "take a connection", patience);
            descriptor_close(fd);
            return -1;
        }
        number = failure_of(fd);
        if (number == 0)
            return fd;
        descriptor_close(fd);
    }
    fault_set(error, ETCD_CODE_NONE, "no etcd answers at %s (%s)", endpoint->url,
              error_text(number));
    return -1;
}

static int connect_to_one(const struct endpoint *endpoint, const struct resolver_result *addresses,
                          const struct patience *patience, struct etcd_error *error)
{
    int fd = -1;

    for (int i = 0; i < addresses->count && fd < 0; i++) {
        struct patience share = patience_share(patience, (unsigned)(addresses->count - i));

        fd = connect_to(endpoint, &addresses->addresses[i], &share, error);
    }
    return fd;
}

static int shake_hands(struct link *link, const struct patience *patience, struct etcd_error *error)
{
    for (;;) {
        enum tls_end end = tls_handshake(link->tls, error);
        enum patience_end wait;

        if (end == TLS_DONE)
            return 0;
        if (end == TLS_ENDED)
            fault_set(error, ETCD_CODE_NONE,
                      "what answers at %s ends the TLS handshake: is it http:// there, or no etcd?",
                      link->endpoint->url);
        if (end == TLS_ENDED || end == TLS_FAILED)
            return -1;
        wait = patience_wait(patience, link->fd, end == TLS_WAITS_TO_READ ? POLLIN : POLLOUT);
        if (wait != PATIENCE_READY) {
            fault_set_wait(error, wait, link->endpoint->url, "end the TLS handshake", patience);
            return -1;
        }
    }
}

struct link *link_adopt(int fd, const struct endpoint *endpoint)
{
    struct link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return NULL;
    link->fd = fd;
    link->endpoint = endpoint;
    return link;
}

struct link *link_open(const struct endpoint *endpoint, const struct resolver_result *addresses,
                       const struct tls_files *files, const struct patience *patience,
                       struct etcd_error *error)
{
    int fd = connect_to_one(endpoint, addresses, patience, error);
    struct link *link = fd >= 0 ? link_adopt(fd, endpoint) : NULL;

    if (fd < 0)
        return NULL;
    if (link == NULL) {
        fault_set(error, ETCD_CODE_NONE, "%s", error_text(errno));
        descriptor_close(fd);
        return NULL;
    }
    if (!endpoint->tls)
        return link;
    link->tls = tls_create(files, endpoint, fd, error);
    if (link->tls != NULL && shake_hands(link, patience, error) == 0)
        return link;
    link_close(link);
    return NULL;
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    tls_destroy(link->tls);
    descriptor_close(link->fd);
    free(link);
}

const struct endpoint *link_endpoint(const struct link *link)
{
    return link->endpoint;
}

static ssize_t explain_end(const struct link *link, struct etcd_error *error)
{
    fault_set(error, ETCD_CODE_NONE, "etcd at %s has closed the connection", link->endpoint->url);
    return -1;
}

/* What recv(2) or send(2) has returned. */
static ssize_t result_of(const struct link *link, ssize_t count, struct etcd_error *error)
{
    if (count >= 0)
        return count;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    fault_set(error, ETCD_CODE_NONE, "the connection to etcd at %s broke (%s)", link->endpoint->url,
              error_text(errno));
    return -1;
}

static ssize_t tls_result_of(struct link *link, enum tls_end end, size_t count,
                             struct etcd_error *error)
{
    link->tls_waits_to_write = end == TLS_WAITS_TO_WRITE;
    if (end == TLS_DONE)
        return (ssize_t)count;
    if (end == TLS_ENDED)
        return explain_end(link, error);
    return end == TLS_FAILED ? -1 : 0;
}

ssize_t link_read(struct link *link, void *data, size_t size, struct etcd_error *error)
{
    size_t count = 0;
    enum tls_end end;
    ssize_t result;

    if (link->tls != NULL) {
        end = tls_read(link->tls, data, size, &count, error);
        return tls_result_of(link, end, count, error);
    }
    result = recv(link->fd, data, size, 0);
    return result == 0 ? explain_end(link, error) : result_of(link, result, error);
}

ssize_t link_write(struct link *link, const void *data, size_t len, struct etcd_error *error)
{
    size_t count = 0;
    enum tls_end end;

    if (link->tls != NULL) {
        end = tls_write(link->tls, data, len, &count, error);
        return tls_result_of(link, end, count, error);
    }
    return result_of(link, send(link->fd, data, len, MSG_NOSIGNAL), error);
}

enum patience_end link_wait(const struct link *link, bool to_write, const struct patience *patience)
{
    bool waits_to_write = to_write || link->tls_waits_to_write;

    return patience_wait(patience, link->fd, (short)(POLLIN | (waits_to_write ? POLLOUT : 0)));
}
