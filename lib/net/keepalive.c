/* The socket options of TCP keepalive.
 * Must not choose the times: how much silence matters is its caller's business. */
#include "keepalive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void keepalive_set(int fd, const struct keepalive *keepalive)
{
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive->idle_s, sizeof keepalive->idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive->interval_s,
               sizeof keepalive->interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &keepalive->probes, sizeof keepalive->probes);
}
