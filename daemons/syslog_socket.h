/* The way to the syslog daemon: syslog(3) waits while the daemon does not read, for as long as that
 * takes, and has no switch for that. */
#ifndef FARMLOCK_SYSLOG_SOCKET_H
#define FARMLOCK_SYSLOG_SOCKET_H

#include <stdbool.h>

struct syslog_socket {
    int fd; /* -1: there was no daemon when that was tried last */
};

/* Opens it; where there is no daemon yet, each line looks for one. */
void syslog_socket_open(struct syslog_socket *log);

/* Sends a line without control characters with a priority of syslog(3), of the facility for
 * daemons.  Returns false where it is lost: there is no daemon, or no room.  Never blocks. */
bool syslog_socket_send(struct syslog_socket *log, const char *ident, int priority,
                        const char *text);

#endif
