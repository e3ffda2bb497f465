/* Connected UDP sockets, and what the network says of their datagrams.
 * Must not look into the datagrams. */
#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/descriptor.h"

enum { ERRORS_A_CALL = 4 };

struct sockaddr_in6 pidstat_udp_to_v6(const struct sockaddr *address)
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

static int connect_v4(int fd, const struct sockaddr_in6 *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = address->sin6_port};

    memcpy(&to.sin_addr, &address->sin6_addr.s6_addr[12], 4);
    return connect(fd, (const struct sockaddr *)&to, sizeof to);
}

int pidstat_udp_connect(const struct sockaddr_in6 *address)
{
    const int on = 1;
    const int buffer = 1 << 20;
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    /* Who refused is told with the refusal only on request. */
    setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_RECVERR : IPV6_RECVERR, &on,
               sizeof on);
    result = is_v4 ? connect_v4(fd, address)
                   : connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (result == 0)
        return fd;
    descriptor_close(fd);
    return -1;
}

int pidstat_udp_send(int fd, const char *text, size_t len)
{
    /* An error that is told first is that of an earlier datagram, and is told once. */
    for (int i = 0; i < ERRORS_A_CALL; i++) {
        if (send(fd, text, len, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EAGAIN || errno == ENOBUFS)
            break;
    }
    return -1;
}

ssize_t pidstat_udp_receive(int fd, char *text, size_t size)
{
    ssize_t len = -1;

    /* What is told first may be that an earlier datagram was refused. */
    for (int i = 0; i < ERRORS_A_CALL && len < 0; i++) {
        len = recv(fd, text, size, 0);
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
    asked = pidstat_udp_to_v6((const struct sockaddr *)to);
    said = pidstat_udp_to_v6(SO_EE_OFFENDER(error));
    return IN6_ARE_ADDR_EQUAL(&asked.sin6_addr, &said.sin6_addr);
}

ssize_t pidstat_udp_receive_refusal(int fd, char *text, size_t size)
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
    ssize_t len = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

    if (len < 0)
        return -1;
    return was_refused(find_error(&message), &to) ? len : 0;
}
