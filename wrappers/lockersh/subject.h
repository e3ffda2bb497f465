/* The process that a lock is for: with its end the lock goes back. */
#ifndef FARMLOCK_LOCKERSH_SUBJECT_H
#define FARMLOCK_LOCKERSH_SUBJECT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/process_ref.h"

/* pidstat/asker.h */
struct pidstat_asker;

struct subject {
    struct process_ref here; /* pid 0: it is elsewhere, and then there are these: */
    const char *host;        /* the caller's */
    pid_t pid;
    uint16_t port; /* of pidstatd; 0: the usual one */
    uint64_t start, pid_namespace;
    char boot[64]; /* "": not known */
    struct pidstat_asker *asker;
    bool has_answered, has_ended;
    int resolve_error; /* an EAI_* of getaddrinfo(3) */
    bool refused;      /* that host has no pidstatd */
};

/* A process of this host.  Returns 0, and what subject_close() ends; -1 with errno ESRCH where it
 * has ended. */
int subject_open_here(struct subject *subject, pid_t pid);

/* One of another host, whose pidstatd is asked; blocks for some seconds where that is silent.
 * Returns 0 as above; -1 with errno
 *   ESRCH      it has ended
 *   ETIMEDOUT  nobody has answered, or one who cannot tell: see resolve_error and refused
 *   EINVAL, ENOMEM, EMFILE, ENFILE
 */
int subject_open_elsewhere(struct subject *subject, const char *host, pid_t pid, uint16_t port);

/* Begins to watch it: behind a fork once more, as what was begun before is the parent's.  One of
 * this host is watched from the start.  Returns 0, or -1 with errno. */
int subject_watch(struct subject *subject);

/* Fills in what to wait for, a descriptor, -1 for none, and its events.  Returns for how many
 * milliseconds at most, -1 for ever. */
int subject_prepare(const struct subject *subject, struct pollfd *poll_fd);

/* Whether it has ended, which is proven. */
bool subject_has_ended(struct subject *subject);

/* The process of this host; NULL where it is elsewhere. */
const struct process_ref *subject_here(const struct subject *subject);

/* Keeps errno. */
void subject_close(struct subject *subject);

#endif
