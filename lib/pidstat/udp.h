/* The asking side's socket: one descriptor for IPv4 and IPv6. */
#ifndef FARMLOCK_PIDSTAT_UDP_H
#define FARMLOCK_PIDSTAT_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct pidstat_udp {
    int fd;
    bool only_v4; /* this kernel has no IPv6 */
};

/* Opens a non-blocking socket on a port that the kernel chooses.  Returns 0, or -1 with errno. */
int pidstat_udp_open(struct pidstat_udp *udp);
void pidstat_udp_close(struct pidstat_udp *udp);

/* Sends a datagram to a port of an address, whose own port does not count.  Returns 0, or -1 with
 * errno; EAGAIN and ENOBUFS mean later, others that this address cannot be reached.
 */
int pidstat_udp_send(const struct pidstat_udp *udp, const struct sockaddr *address, uint16_t port,
                     const char *text, size_t len);

/* Receives a datagram into `text`, and who sent it into *from.  Returns its length, or -1 with
 * errno EAGAIN when there is none.
 */
ssize_t pidstat_udp_receive(const struct pidstat_udp *udp, char *text, size_t size,
                            struct sockaddr_storage *from);

/* Receives a datagram of our own that nobody took, as the host that it was for has said (ICMP port
 * unreachable), into `text`.  Returns its length, 0 where it is not known which it was or another
 * than that host said so; or -1 with errno EAGAIN when there is none.
 */
ssize_t pidstat_udp_receive_refusal(const struct pidstat_udp *udp, char *text, size_t size);

/* True when a datagram from `from` came from that port of that address. */
bool pidstat_udp_is_from(const struct sockaddr_storage *from, const struct sockaddr *address,
                         uint16_t port);

#endif
