/* TCP keepalive (tcp(7)): how soon it shows that the other host has crashed or cannot be reached.
 */
#ifndef FARMLOCK_NET_KEEPALIVE_H
#define FARMLOCK_NET_KEEPALIVE_H

struct keepalive {
    int idle_s;     /* of silence before the first probe */
    int interval_s; /* between probes */
    int probes;     /* in vain, after which the connection is broken */
};

/* Sets a TCP socket to probe its peer; one that listens passes it on to the connections that it
 * accepts.  Does nothing to a socket that is no TCP one.
 */
void keepalive_set(int fd, const struct keepalive *keepalive);

#endif
