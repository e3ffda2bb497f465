/* Connections of the loads to the server, which block.
 * Must not cost a load more than the system calls do. */
#include "link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "meter.h"

static struct sockaddr_in loopback(uint16_t port, uint32_t offset)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + offset);
    return address;
}

int link_open(uint16_t port, uint32_t source)
{
    struct sockaddr_in from = loopback(0, source), to = loopback(port, 0);
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    /* The port is chosen when it is known whom it has to differ for. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((source != 0 && bind(fd, (struct sockaddr *)&from, sizeof from) != 0) ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect to the server");
    return fd;
}

void link_send(int fd, const void *data, size_t len)
{
    const char *text = data;

    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

        if (sent < 0)
            die("cannot send to the server");
        text += sent;
        len -= (size_t)sent;
    }
}
