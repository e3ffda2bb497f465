/* How long it is worth to look for a server that a lock is to be given back to. */
#ifndef FARMLOCK_LOCKERSH_PATIENCE_H
#define FARMLOCK_LOCKERSH_PATIENCE_H

#include <stdbool.h>

enum {
    PATIENCE_HERE_S = 10,
    PATIENCE_S = 300,
};

/* Whether both ends of a connection are on this host.  False where that is not known, as for -1. */
bool patience_same_host(int fd);

/* In seconds.  `same_host`: the server is on this host; `in_container`: this process is in a pid
 * namespace that is not the machine's.  A server that sees our processes finds out by itself, when
 * it is back, that one has ended; another one may not.
 */
unsigned patience_s(bool same_host, bool in_container);

#endif
