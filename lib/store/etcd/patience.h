/* How long one call may take in all, and whether somebody wants it to end before: no step of it
 * waits for anything but through this. */
#ifndef FARMLOCK_STORE_ETCD_PATIENCE_H
#define FARMLOCK_STORE_ETCD_PATIENCE_H

#include <stdint.h>

struct patience {
    int64_t given_ms;    /* what there was at the beginning, for messages */
    int64_t deadline_ms; /* of clock_now_ms() */
    int interrupt_fd;    /* polls readable when all is to end; -1: none */
};

enum patience_end {
    PATIENCE_READY,       /* what was waited for is there */
    PATIENCE_LATE,        /* the time is over */
    PATIENCE_INTERRUPTED, /* interrupt_fd is readable */
};

/* From now on; `timeout_ms` below 0 is none. */
struct patience patience_begin(int64_t timeout_ms, int interrupt_fd);

/* Milliseconds that are left, not below 0. */
int64_t patience_left_ms(const struct patience *patience);

/* The first of `shares`, at least 1, equal parts of what is left. */
struct patience patience_share(const struct patience *patience, unsigned shares);

/* Waits until poll(2) has one of `events` for `fd`, or an error of it.  When the time is over that
 * is said first: who is always ready does not prolong it.
 */
enum patience_end patience_wait(const struct patience *patience, int fd, short events);

#endif
