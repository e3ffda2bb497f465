/* A socket of the asking side, connected to whom it asks. */
#ifndef FARMLOCK_PIDSTAT_UDP_H
#define FARMLOCK_PIDSTAT_UDP_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>

/* An address in the form that IPv6 has for all. */
struct sockaddr_in6 pidstat_udp_to_v6(const struct sockaddr *address);

/* Opens a non-blocking socket on a port that the kernel chooses, which hears what comes from that
 * address and port only.  IPv4 is meant by a mapped address, and asked as such: it works where the
 * kernel has no IPv6.  Returns it, or -1 with errno.
 */
int pidstat_udp_connect(const struct sockaddr_in6 *address);

/* Sends a datagram.  Returns 0, or -1 with errno; EAGAIN and ENOBUFS mean later, others that the
 * address cannot be reached.
 */
int pidstat_udp_send(int fd, const char *text, size_t len);

/* Receives a datagram into `text`.  Returns its length, or -1 with errno EAGAIN when there is
 * none.
 */
ssize_t pidstat_udp_receive(int fd, char *text, size_t size);

/* Receives a datagram of our own that nobody took, as the host that it was for has said (ICMP port
 * unreachable), into `text`.  Returns its length, 0 where it is not known which it was or another
 * than that host said so; or -1 with errno EAGAIN when there is none.
 */
ssize_t pidstat_udp_receive_refusal(int fd, char *text, size_t size);

#endif
