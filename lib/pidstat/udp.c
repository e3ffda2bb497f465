/* A dual-stack UDP socket (RFC 3493): IPv4 addresses go through it in their mapped form.
 * Must not look into the datagrams. */
#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>

#include "base/descriptor.h"

enum { ERRORS_A_CALL = 4 };

/* Refusals are told to who has asked for them only; their loss would be silence, as before. */
static void ask_for_refusals(const struct pidstat_udp *udp)
{
    const int on = 1;

    setsockopt(udp->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    if (!udp->only_v4)
        setsockopt(udp->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

int pidstat_udp_open(struct pidstat_udp *udp)
{
    const int off = 0;
    const int buffer = 1 << 20;
    const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

    udp->only_v4 = false;
    udp->fd = socket(AF_INET6, type, 0);
    if (udp->fd < 0 && errno == EAFNOSUPPORT) {
        udp->only_v4 = true;
        udp->fd = socket(AF_INET, type, 0);
    }
    if (udp->fd < 0)
        return -1;
    if (!udp->only_v4 && setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
        pidstat_udp_close(udp);
        return -1;
    }
    setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    ask_for_refusals(udp);
    return 0;
}

void pidstat_udp_close(struct pidstat_udp *udp)
{
    descriptor_close(udp->fd);
    udp->fd = -1;
}

static struct sockaddr_in6 to_v6(const struct sockaddr *address)
{
    struct sockaddr_in6 result = {.sin6_family = AF_INET6};
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

    if (address->sa_family == AF_INET6)
        return *(const struct sockaddr_in6 *)address;
    result.sin6_port = v4->sin_port;
    result.sin6_addr.s6_addr[10] = 0xff;
    result.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&result.sin6_addr.s6_addr[12], &v4->sin_addr, 4);
    return result;
}

int pidstat_udp_send(const struct pidstat_udp *udp, const struct sockaddr *address, uint16_t port,
                     const char *text, size_t len)
{
    const struct sockaddr *to;
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    socklen_t to_len;

    if (!udp->only_v4) {
        v6 = to_v6(address);
        v6.sin6_port = htons(port);
        to = (const struct sockaddr *)&v6;
        to_len = sizeof v6;
    } else if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        v4.sin_port = htons(port);
        to = (const struct sockaddr *)&v4;
        to_len = sizeof v4;
    } else {
        errno = EAFNOSUPPORT;
        return -1;
    }
    /* An error that is told first is that of an earlier datagram, and is told once. */
    for (int i = 0; i < ERRORS_A_CALL; i++) {
        if (sendto(udp->fd, text, len, MSG_NOSIGNAL, to, to_len) >= 0)
            return 0;
        if (errno == EAGAIN || errno == ENOBUFS)
            break;
    }
    return -1;
}

ssize_t pidstat_udp_receive(const struct pidstat_udp *udp, char *text, size_t size,
                            struct sockaddr_storage *from)
{
    socklen_t from_len = sizeof *from;
    ssize_t len = -1;

    memset(from, 0, sizeof *from);
    /* What is told first may be that an earlier datagram was refused. */
    for (int i = 0; i < ERRORS_A_CALL && len < 0; i++) {
        len = recvfrom(udp->fd, text, size, 0, (struct sockaddr *)from, &from_len);
        if (len < 0 && errno == EAGAIN)
            break;
    }
    return len;
}

static const struct sock_extended_err *find_error(struct msghdr *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
            (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR))
            return (const struct sock_extended_err *)CMSG_DATA(header);
    }
    return NULL;
}

/* A router or firewall on the way knows nothing of the host. */
static bool was_refused(const struct sock_extended_err *error, const struct sockaddr_storage *to)
{
    struct sockaddr_in6 asked, said;

    if (error == NULL || error->ee_errno != ECONNREFUSED)
        return false;
    asked = to_v6((const struct sockaddr *)to);
    said = to_v6(SO_EE_OFFENDER(error));
    return IN6_ARE_ADDR_EQUAL(&asked.sin6_addr, &said.sin6_addr);
}

ssize_t pidstat_udp_receive_refusal(const struct pidstat_udp *udp, char *text, size_t size)
{
    _Alignas(struct cmsghdr) char control[256];
    struct sockaddr_storage to = {0};
    struct iovec part = {.iov_base = text, .iov_len = size};
    struct msghdr message = {.msg_name = &to,
                             .msg_namelen = sizeof to,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t len = recvmsg(udp->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

    if (len < 0)
        return -1;
    return was_refused(find_error(&message), &to) ? len : 0;
}

bool pidstat_udp_is_from(const struct sockaddr_storage *from, const struct sockaddr *address,
                         uint16_t port)
{
    struct sockaddr_in6 a = to_v6((const struct sockaddr *)from), b = to_v6(address);

    return a.sin6_port == htons(port) && IN6_ARE_ADDR_EQUAL(&a.sin6_addr, &b.sin6_addr);
}
