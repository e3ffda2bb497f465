/* ipclocker_history.h - what a lock server remembers; a part of ipclocker.h, which includes it. */
#ifndef IPCLOCKER_HISTORY_H
#define IPCLOCKER_HISTORY_H

#ifndef IPCLOCKER_H
#error "include ipclocker.h, which has this in it"
#endif

/* What has ended, and how. */
enum ipclocker_past {
    IPCLOCKER_PAST_HOLD,    /* a lock that was held, or is held still */
    IPCLOCKER_PAST_REFUSED, /* a request that would not wait */
    IPCLOCKER_PAST_LEFT,    /* a wait that ended without a grant */
    IPCLOCKER_PAST_HOLE, /* rows are missing: `locks` is why, in a word of HISTORY, `token` how many
                          * at least, 0 where nobody knows; they ended between `asked_ms` and
                          * `ended_ms` */
};

/* One row of the history.  Strings are what clients have sent: clean them before they go to a
 * terminal.
 */
struct ipclocker_history_row {
    enum ipclocker_past past;
    const char *reason; /* why a hold has ended, in a word of HISTORY; NULL: not told */
    const char *locks;  /* the lock of a hold; else all that were asked for, with blanks between */
    const char *owner;  /* not NULL; "-" where a server keeps it from us */
    const char *host;   /* of the owner's process; NULL: not known */
    const char *job;    /* of a scheduler; NULL: none */
    uint64_t pid;       /* 0: not known */
    uint64_t token;     /* of a hold: a number that what was granted together has in common, and no
                         * more than that where tokens are told to owners only; of the others as
                         * above, or how often it was repeated; 0: none */
    int64_t asked_ms;   /* times in milliseconds since 1970, by the server's clock */
    int64_t granted_ms;
    int64_t ended_ms;            /* 0: it is held still */
    struct ipclocker_person who; /* whose it was */
    struct ipclocker_person by;  /* who took it away, or reported its end; like what follows */
    const char *by_name;         /* that it gave itself; NULL: nobody but its owner, or time */
    const char *by_peer;         /* the address that it came from; NULL: not known */
    const char *pool;            /* that the lock is a seat of; NULL: none, or not told */
    const char *project;         /* that it was for; NULL: none, or not told */
    bool shared;                 /* others may have had the lock at the same time */
};

/* Takes a row, which is good during the call.  Returns 0 to go on, or -1 with errno to end it.  It
 * must not use the handle but for the functions that return what it knows.
 */
typedef int ipclocker_history_fn(void *context, const struct ipclocker_history_row *row);

/* Asks the server for its history: what ended at `since_ms` or later and was asked for before
 * `until_ms`, and last what is held still.  Both are milliseconds since 1970; below 0 is 0.  Calls
 * `take` with each row, in the order of the history; nothing is kept, however many there are.
 * Returns 0 at the end, or -1 with errno: that of `take`; ENOTSUP: the server is a classic one;
 * EPROTO: it refused, or the connection was lost in the middle, when rows may have been taken;
 * others as ipclocker_lock() from EINVAL on.  A server has a minute for each row, and
 * ten for all of them.
 */
IPCLOCKER_API int ipclocker_history(struct ipclocker *lock, int64_t since_ms, int64_t until_ms,
                                    ipclocker_history_fn *take, void *context);

#endif
