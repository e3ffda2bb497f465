/* One lockerd of several that share their state in etcd: it stands by, takes over, reads what there
 * is, commits, and is deposed or resigns.
 *
 * This is a machine without threads, sockets and clock: etcd_replica_ask() says what is to be asked
 * of etcd, etcd_replica_hear() takes how that ended and tells what it means.  Whoever drives it has
 * one question under way at a time, on a thread that may block:
 *
 *     for (;;) {
 *         if (etcd_replica_is_ready(replica) && there are changes)
 *             etcd_replica_commit(replica, changes);
 *         event = etcd_replica_step(replica, caller);   (replica_step.h)
 *         do what the event wants, or wait until etcd_replica_due_ms()
 *     }
 *
 * Rules for the driver:
 *   - It may say nothing to anybody that a commit, begun after that was asked, has not confirmed;
 *     also not what is only read: an empty commit confirms that nobody else leads.
 *   - After ETCD_EVENT_LOADED it commits once, and only then lets clients in.
 *   - A timer on another thread closes the listening sockets when etcd_replica_confirmed_ms() is as
 *     long ago as etcd_mute_after_ms(); a call can block beyond that.
 *   - Times are of CLOCK_BOOTTIME, in milliseconds.
 *
 * Keys stand behind a prefix that the farm has for itself.  `0/leader` and `0/seq` are described in
 * record.h; `c/INSTANCE` is by whom one that stands by shows itself, a candidate, with a value like
 * that of `0/leader`; `h/NUMBER` (16 hexadecimal digits) is the history, as an outbox of bounded
 * size that every lockerd copies to where it keeps it; all names that begin with a later letter
 * than h are the driver's, as `m/MACHINE`, which is written with each claim, `r/TICKET` for a
 * request.
 */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_H
#define FARMLOCK_STORE_ETCD_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "claim.h"
#include "txn.h"
#include "wire.h"

struct etcd_replica;

enum { ETCD_STANDBYS_MOST = 16 };

/* One that stands by, as it shows itself in etcd. */
struct etcd_standby {
    struct etcd_leader who; /* its term is 0, and its time that at which it showed itself last */
    int64_t revision;
    int64_t new_ms; /* when that revision was seen first, by our clock */
    bool is_gone;   /* it has not shown itself for so long that it does not count */
};

/* How etcd is, and who stands by, as the last looks have seen it. */
struct etcd_watch {
    bool knows_status; /* not where etcd does not tell that to everybody */
    struct etcd_status status;
    size_t standby_count; /* of a leader; in the order of their instances */
    struct etcd_standby standbys[ETCD_STANDBYS_MOST];
};

struct etcd_replica_options {
    const char *prefix;     /* ends with '/', at most 200 bytes */
    struct etcd_leader who; /* instance, host, listens, version and takeover_ms are the caller's;
                             * `cluster` is a new random id, which the first leader of all gives */
    const char *machine;    /* its name, at most 200 bytes, and which boot of it this is */
    const char *boot;
    uint64_t random;       /* any number: how long it hesitates */
    struct etcd_mark mark; /* what was seen in an earlier life; all zero: nothing */
    bool compacts;         /* etcd is ours alone: forget old revisions in it */
    bool watches;          /* looks how etcd is and who stands by, and shows that it does, once in
                            * each takeover_ms */

    /* Called by etcd_replica_hear().  A row's key is its name, without the prefix; it is gone when
     * these return.  Return -1 with errno to give up. */
    int (*on_row)(void *context, const struct etcd_row *row);
    int (*on_history)(void *context, uint64_t number, struct etcd_bytes value);
    int64_t (*wall_ms)(void *context); /* the time for people; NULL: nobody wants to know it */
    void *context;
};

/* All is copied.  Returns NULL with errno EINVAL for names that are too long or have control
 * characters in them, or ENOMEM.  NULL is allowed for destroy. */
struct etcd_replica *etcd_replica_create(const struct etcd_replica_options *options);
void etcd_replica_destroy(struct etcd_replica *self);

/* questions and answers */

struct etcd_question {
    enum etcd_method method;
    const struct buffer *request; /* the replica's, until the answer is heard */
    int64_t timeout_ms;
};

/* What is to be asked now.  Returns false where there is nothing before etcd_replica_due_ms(), or a
 * question is under way. */
bool etcd_replica_ask(struct etcd_replica *self, int64_t now_ms, struct etcd_question *question);

/* The time at which there is something to ask; what other calls want is due at once. */
int64_t etcd_replica_due_ms(const struct etcd_replica *self);

enum etcd_event {
    ETCD_EVENT_NONE,
    ETCD_EVENT_TROUBLE,    /* nobody has answered, or etcd will not: it is asked again, for ever;
                            * etcd_replica_error() says why */
    ETCD_EVENT_KEPT_OUT,   /* it could lead, but must not: an earlier state, a later version;
                            * etcd_replica_error() says why, and each look says it again */
    ETCD_EVENT_LEADS,      /* it has taken over: rows come from now on */
    ETCD_EVENT_LOADED,     /* all rows were told */
    ETCD_EVENT_UNREADABLE, /* on_row() gave up, with errno: it leads, and has nothing; to be loaded
                            * again, or to resign */
    ETCD_EVENT_COMMITTED,  /* what etcd_replica_commit() took is kept, and it led at that time */
    ETCD_EVENT_FAILED,     /* etcd has refused that: it is certainly not kept; it leads as before */
    ETCD_EVENT_DEPOSED,    /* another leads: it stands by.  What was not confirmed may be kept or
                            * not, as after a crash */
    ETCD_EVENT_RESIGNED,   /* nobody leads, or somebody else */
    ETCD_EVENT_HISTORY,    /* a page of the history was told */
    ETCD_EVENT_IDLE,       /* nothing was asked, see etcd_replica_step() */
    ETCD_EVENT_WATCHED,    /* there is something new for etcd_replica_watch() to tell */
};

/* Takes the end of the question.  The response is read before it returns; `error` may be NULL. */
enum etcd_event etcd_replica_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response,
                                  const struct etcd_error *error);

/* Why, of the last event that says so.  Never NULL. */
const char *etcd_replica_error(const struct etcd_replica *self);

/* while it leads */

bool etcd_replica_leads(const struct etcd_replica *self);

/* It leads, and nothing is under way that a commit would have to wait for. */
bool etcd_replica_is_ready(const struct etcd_replica *self);

/* The counters and the clock of the lock table, which go with each transaction, heartbeats as well.
 * None of them ever goes back.  To be set before the commit that has what was counted. */
struct etcd_counters {
    uint64_t next_ticket, next_token; /* above any that was used; 1 at first */
    int64_t now_ms;
};
void etcd_replica_count(struct etcd_replica *self, const struct etcd_counters *counters);
struct etcd_counters etcd_replica_counters(const struct etcd_replica *self);

/* Begins to keep these changes, which it copies; NULL for none, which confirms that it leads.  Only
 * while it is ready, and has told all rows.  Ends with ETCD_EVENT_COMMITTED, FAILED or DEPOSED;
 * TROUBLE in between is no end.  Returns -1 with errno E2BIG where they do not fit, or ENOMEM. */
int etcd_replica_commit(struct etcd_replica *self, const struct etcd_txn *changes);

/* Tells all rows again, as of the last commit.  Only while it leads; ETCD_EVENT_LEADS is followed
 * by that without being asked.  Between rows it goes on with heartbeats. */
void etcd_replica_load(struct etcd_replica *self);

/* Sends no heartbeat before that time, as who leads is good for nothing: others may lead then. */
void etcd_replica_hold_heartbeat(struct etcd_replica *self, int64_t until_ms);

/* The number of what the last commit has put into the history, or others before. */
uint64_t etcd_replica_history_number(const struct etcd_replica *self);

/* at any time */

/* Tells a page of the history behind a number, as one question; ETCD_EVENT_HISTORY is its end.
 * Where the first that is told is not the next, those in between are lost. */
void etcd_replica_read_history(struct etcd_replica *self, uint64_t after);

/* Gives up leading, or what a dead one of the same instance has left, and stands by, without being
 * the first to claim again.  What is not committed is lost.  Ends with ETCD_EVENT_RESIGNED, or
 * DEPOSED where it led. */
void etcd_replica_resign(struct etcd_replica *self);

/* Who leads, as far as this one has seen; a revision of 0 where it has seen nothing. */
const struct etcd_sight *etcd_replica_sight(const struct etcd_replica *self);

/* What it has seen beside that; never NULL. */
const struct etcd_watch *etcd_replica_watch(const struct etcd_replica *self);

/* To be kept where a restart finds it, as etcd may be put back to an earlier time by then. */
struct etcd_mark etcd_replica_mark(const struct etcd_replica *self);

/* When the last transaction that is confirmed was sent; INT64_MIN while it does not lead.  May be
 * called by other threads, as long as it is not destroyed. */
int64_t etcd_replica_confirmed_ms(const struct etcd_replica *self);

#endif
