/* DEAD_JOB: what a server takes of one line. */
#ifndef FARMLOCK_PROTOCOL_DEAD_JOB_H
#define FARMLOCK_PROTOCOL_DEAD_JOB_H

enum { DEAD_JOB_HOSTS_MAX = 64 }; /* for more there are more lines */

#endif
