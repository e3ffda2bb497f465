/* The store: what a lock server must not forget, kept where a crash cannot reach it.
 *
 * It keeps the live requests of a lock table, the history of those that have ended, and one word
 * about the machine.  All that one pass of the server's loop has changed is collected in a
 * *batch*, which is kept as a whole or not at all.  store_commit() takes a batch and returns at
 * once; store_progress() tells, in order, up to which batch everything is safe, and store_fd()
 * polls readable when it has news.  Batches that come while one is being written are written
 * together (group commit: D. DeWitt et al., "Implementation techniques for main memory database
 * systems", SIGMOD 1984).
 *
 * A batch says what is new, not how it came about, and may be kept twice without harm; nothing
 * here speaks of SQL or of files, so that a store on other machines can stand behind it.
 *
 * After a batch could not be kept, no later one is: the store tells why, and is to be loaded again.
 * What is loaded then may hold a batch that was reported as failed, as
 * after a crash at that moment.
 *
 * A store that several servers share has one of them lead, and the others stand by: store_open()
 * returns one that stands by, and store_progress() tells when it leads, from when on it is loaded
 * and used like any other, and when it was deposed.
 *
 * One thread at a time may use a store.  Functions that fail say why in `error`.
 */
#ifndef FARMLOCK_STORE_STORE_H
#define FARMLOCK_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "lock/table.h"

struct store;
struct store_batch;

enum { STORE_ERROR_SIZE = 512, STORE_CLOSE_S = 10 };

enum store_durability {
    STORE_DURABLE_POWER,   /* what is safe survives a power cut */
    STORE_DURABLE_PROCESS, /* it survives the end of the process, not that of the machine */
};

/* Of a store in etcd.  The strings may be NULL, but for the first two. */
struct store_etcd_options {
    const char *instance; /* a server and its restarts: 32 hexadecimal digits */
    const char *host;     /* which machine and boot it is, as store_batch_host() says it */
    const char *listens;  /* where that is to be found, for people */
    const char *user, *password_file, *cert_file, *key_file, *ca_file;
    const char *history_file; /* a state file that the history is kept in, and beside it, in
                               * FILE.mark, what was seen of etcd; NULL: neither is kept */
    int64_t takeover_ms;      /* the others take over when it says nothing for so long */
    bool compacts;            /* etcd is ours alone: forget what is past there */
    bool accepts_older;       /* go on with a state that is older than what was seen before, or with
                               * another etcd, once: tokens go on above the wall clock */
    int64_t quota_bytes;      /* etcd's for its database; 0: as it is where nobody has set it */
};

struct store_options {
    const char *path; /* NULL or "none": nothing is kept; "etcd:URL[,URL...]/PREFIX" */
    enum store_durability durability;
    int64_t history_ms;    /* how long the history goes back; 0: none is kept */
    int64_t history_bytes; /* what the file may have in use before the oldest goes; 0: anything */
    bool must_exist;       /* do not begin a new one: it was there a moment ago */
    struct store_etcd_options etcd;
};

/* Whether the path is of a store that several servers share. */
bool store_is_shared(const char *path);

/* Opens a store for exclusive use.  Returns NULL with errno and *error:
 *   EBUSY    another server uses it
 *   ENOTSUP  a later version has written it
 *   EUCLEAN  it is damaged
 *   EEXIST   there is something else in its place
 *   EINVAL   what is said of etcd cannot be so, or it was built without
 *   EBADMSG  what was seen of etcd before is damaged
 *   ENOENT, EACCES, ENOSPC, EIO and others of the system
 * A state file that is removed while the store is open is written anew, with all that was in it;
 * when another is put in its place, no later batch is kept.
 */
typedef struct store *store_open_fn(const struct store_options *options,
                                    char error[STORE_ERROR_SIZE]);
store_open_fn store_open;

/* To be called by a program that may open stores in etcd, with store_etcd_open() of etcd_store.h:
 * others need not be linked with what that takes. */
void store_offer_shared(store_open_fn *open);

/* Waits until all batches are safe, or have failed, and closes.  NULL is allowed.  Keeps errno.
 * Returns false when that took more than STORE_CLOSE_S, as on a disk that hangs: what is left is
 * done if the disk comes back while the process lives, and until then the store is in use.
 */
bool store_close(struct store *store);

/* Whether batches are worth filling; false for a store that keeps nothing. */
bool store_keeps(const struct store *store);

/* Whether it keeps what has ended: only then it may be asked. */
bool store_keeps_history(const struct store *store);

/* The time line that all times in a store are of: it is its writer's, and goes on with the clock of
 * one boot, see boot_clock_ms().  All zero is not known.
 */
struct store_clock {
    char boot[40];         /* see process_boot_id() */
    int64_t base_ms;       /* a time of the line less that clock's */
    int64_t seen_ms;       /* the line's time when this was noted */
    int64_t keep_until_ms; /* before that time the history is not trimmed */
    bool never_back; /* others have gone by it up to seen_ms, on their machines: set by the store */
};

/* Seats that nobody is given. */
enum store_unusable_kind {
    STORE_OFFLINE = 0, /* the seat of this name */
    STORE_OUTSIDE = 1, /* so many of the pool of this name, which are in use elsewhere */
};

struct store_unusable {
    enum store_unusable_kind kind;
    const char *name;
    uint32_t seats;     /* 0: all can be given again */
    int64_t until_ms;   /* INT64_MAX: until somebody says otherwise */
    const char *reason; /* or NULL */
};

/* What the store had, for store_load(). */
struct store_loader {
    void *context;

    /* Called first, with what store_batch_clock() said.  May be NULL. */
    void (*on_clock)(void *context, const struct store_clock *clock);

    /* Called for all that store_batch_unusable() said and that is so still.  May be NULL.  Returns
     * -1 where there is no memory. */
    int (*on_unusable)(void *context, const struct store_unusable *unusable);

    /* Called for each live request: those that hold locks first, then those that wait, both by
     * ticket.  Returns -1 to give up, with errno.
     */
    int (*on_request)(void *context, const struct lock_record *record);

    uint64_t next_ticket, next_token; /* written by store_load(): above any used before */
    char host[512]; /* written too: what store_batch_host() said; "" for nothing */
};

/* Reads everything back, before the first commit, and after a failure: that is forgotten then, with
 * all batches that are not safe, and the store can be tried again.  Returns -1 with errno and
 * *error as store_open() does; EUCLEAN also when on_request() gave up with EINVAL.
 */
int store_load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE]);

/* batches */

/* An empty batch.  NULL with errno ENOMEM. */
struct store_batch *store_batch_create(void);
void store_batch_destroy(struct store_batch *batch);

/* Something a client will hear about is in it, so it should be committed without delay. */
bool store_batch_is_urgent(const struct store_batch *batch);
bool store_batch_is_empty(const struct store_batch *batch);

/* How much memory it takes, about. */
size_t store_batch_bytes(const struct store_batch *batch);

/* Each of these copies what it needs.  There is nothing to return: a batch that ran out of memory
 * fails when it is committed.
 */

/* The request of a table is as it is now; `without`, or NULL, is a lock that it has just lost. */
void store_batch_put(struct store_batch *batch, const struct lock_table *table,
                     const struct lock_request *request, const char *without);
/* The request is no more. */
void store_batch_drop(struct store_batch *batch, uint64_t ticket);
/* Which machine and boot it is; see store_loader. */
void store_batch_host(struct store_batch *batch, const char *host);
/* What time it is, from when on the history is trimmed by it; is not urgent. */
void store_batch_clock(struct store_batch *batch, const struct store_clock *clock);
/* Seats are unusable, or usable again. */
void store_batch_unusable(struct store_batch *batch, const struct store_unusable *unusable);
/* Nothing changes, but enough is written to see whether it can be. */
void store_batch_probe(struct store_batch *batch);
/* Tickets and tokens below these will not be used again, whatever was loaded. */
void store_batch_counters(struct store_batch *batch, uint64_t ticket, uint64_t token);

enum store_past {
    STORE_PAST_HOLD = 0,    /* a lock was held, and given back */
    STORE_PAST_REFUSED = 1, /* a request that would not wait was refused */
    STORE_PAST_LEFT = 2,    /* a wait ended without a grant */
    STORE_PAST_HOLE = 3,    /* no entry: what others have written is missing here */
};

/* An entry of the history.  Of a hole `lock` is why, a word of protocol/past.h, `owner` "-",
 * `asked_ms` and `ended_ms` are the ends of what is missing between them, and `token` is how many
 * entries at least; 0: nobody knows. */
struct store_history {
    enum store_past past;
    enum lock_reason reason;
    const char *lock;  /* the lock's name; of a wait all names, separated by blanks */
    const char *owner; /* not NULL; host and job may be */
    const char *host;
    const char *job;
    const char *pool;    /* whose seat the lock was; of a wait the first pool */
    const char *project; /* of the request, or of who says none in that pool */
    bool shared;         /* the lock was held as readers do */
    uint64_t pid;
    struct lock_asker asker; /* whose uid is kept, and no more of it */
    const char *by_name;     /* who ended it, by its name; NULL: nobody but its owner, or time */
    struct lock_asker by;    /* the same, but for its key, as far as it is known */
    uint64_t ticket;         /* 0 when there was none */
    uint64_t token;          /* 0 when there was no grant */
    int64_t asked_ms, granted_ms, ended_ms;
};

/* Is not urgent: it is kept with what else is, or when the server finds the time. */
void store_batch_history(struct store_batch *batch, const struct store_history *entry);

/* Who ends something that is not its own. */
struct store_culprit {
    const char *name; /* not NULL */
    const struct lock_asker *asker;
};

/* Of the names of a wait or a refusal, as many as these bytes hold are kept, and the number of the
 * others, see lock_names_abridge(). */
enum { STORE_NAMES_MOST = 255 };

/* What store_batch_event() adds from here on has no history, or has it again. */
void store_batch_leave_out_history(struct store_batch *batch, bool leave_out);

/* All that an event of the lock table means for the store, history included; `by`, or NULL, is who
 * has set it off against its owner.
 */
void store_batch_event(struct store_batch *batch, const struct lock_event *event,
                       const struct store_culprit *by);

/* Nothing changes; that this server leads is confirmed when it is kept. */
void store_batch_confirm(struct store_batch *batch);

/* commits */

/* Takes a batch, which is freed when it is done with.  Returns its number: 1, 2, 3 and so on. */
uint64_t store_commit(struct store *store, struct store_batch *batch);

/* A descriptor that polls readable when store_progress() has news; -1 when it never has. */
int store_fd(const struct store *store);

enum store_role {
    STORE_LEADS,     /* always, where a store is its server's alone */
    STORE_STANDS_BY, /* another leads, or nobody can tell: batches are forgotten */
    STORE_DEPOSED,   /* it led: told once, and then it stands by */
};

struct store_progress {
    enum store_role role;         /* behind STORE_STANDS_BY, STORE_LEADS wants store_load() */
    uint64_t committed;           /* this batch and all before it are safe */
    uint64_t committed_bytes;     /* of all of these, since the store was opened or loaded */
    bool written_anew;            /* since the last call: somebody had removed the state file */
    bool failed;                  /* and none behind it is, or will be */
    char error[STORE_ERROR_SIZE]; /* why, if so */
};
void store_progress(struct store *store, struct store_progress *progress);

/* stores that are shared: all but the first are of these only */

/* Whether also what is only read must wait for a batch, as another server may lead meanwhile. */
bool store_confirms(const struct store *store);

/* When the last batch that is safe was sent, by CLOCK_BOOTTIME in milliseconds; INT64_MIN while it
 * does not lead.  To be called many times within store_takeover_ms(): a caller that makes no call
 * for as long, and for five seconds, but for store_load() while that runs, is taken for one that
 * hangs, and another may lead.  Where that is as long ago as store_takeover_ms(), another may lead;
 * from store_mute_after_ms() on, which is less, nothing is to be told to anybody. */
int64_t store_confirmed_ms(const struct store *store);
int64_t store_takeover_ms(const struct store *store);
int64_t store_mute_after_ms(const struct store *store);

/* While it leads: the id that all servers of this state tell their clients.  Else "". */
const char *store_cluster(const struct store *store);

/* Gives up leading behind the batches that it was given, so that another may: it takes no others,
 * and store_progress() tells STORE_DEPOSED.  It leads again where nobody else has taken over for
 * longer than store_takeover_ms().  Closing does this, too. */
void store_resign(struct store *store);

/* A line for the log. */
enum { STORE_LINE_SIZE = 1024 };
struct store_line {
    char text[STORE_LINE_SIZE];
    bool is_trouble; /* somebody should look at it */
    bool is_beside;  /* about something else than how it stands */
};

/* Why it stands by, or cannot lead, and what else is new since the last call: to be called until it
 * returns false, for nothing. */
bool store_standing(struct store *store, struct store_line *line);

enum { STORE_STANDBYS_MOST = 16, STORE_NAME_SIZE = 256, STORE_LISTENS_SIZE = 512 };

/* One of the servers that share it, as it says of itself. */
struct store_lockerd {
    char host[STORE_NAME_SIZE], listens[STORE_LISTENS_SIZE], version[STORE_NAME_SIZE];
    int64_t at_ms; /* since 1970: when it took over, by its clock; or showed itself last, by ours */
};

/* What people may want to know of it beside what is in it, as it was seen last. */
struct store_outlook {
    bool leads;               /* and etcd has confirmed that within store_mute_after_ms() */
    int64_t confirmed_ago_ms; /* since etcd has confirmed that it leads; -1: it stands by */
    bool has_leader;          /* somebody leads, as far as is known: the next */
    struct store_lockerd leader;
    uint64_t term; /* how many have led */
    int64_t takeover_ms;
    size_t standby_count; /* while it leads: those that have shown themselves of late */
    struct store_lockerd standbys[STORE_STANDBYS_MOST];
    struct {
        bool is_known; /* it does not tell everybody: then only the next is there */
        char member[STORE_LISTENS_SIZE];
        char version[64];
        char errors[STORE_NAME_SIZE]; /* that it tells of itself; "" */
        int64_t bytes, bytes_in_use, quota_bytes;
    } etcd;
};

/* Returns false where there is nothing to tell: the store is NULL, or not shared. */
bool store_outlook(const struct store *store, struct store_outlook *out);

/* the history */

/* Of whom somebody may be told: all 0 is of everybody. */
struct store_view {
    bool is_limited; /* to one user's, or to nobody's: */
    bool is_known;
    uint32_t uid;
};

/* A question about a part of the history, and its answer. */
struct store_query {
    int64_t since_ms, until_ms; /* what ended at or after the first, and was asked for before */
    uint64_t after;             /* 0 at first; then `next` of the answer before */
    size_t limit;               /* entries at a time */
    bool tells_who;             /* the caller's: its client wants to know of proofs */
    struct store_view view;     /* the same: whose entries it may know of */

    /* Called for each entry, on a thread of the store's: it may touch the query only. */
    void (*on_entry)(struct store_query *query, const struct store_history *entry);
    struct buffer text; /* for on_entry() to write to */
    void *context;      /* the caller's */

    _Atomic bool is_forgotten; /* set by the caller, at any time: nobody waits for the answer */
    _Atomic bool comes_last; /* likewise: perhaps nobody does, and the others are answered first */

    uint64_t next; /* where to go on; 0 when that was all */
    bool failed;
    STAILQ_ENTRY(store_query) queue;
};

/* Asks; takes the query, which was made by calloc(3).  Commits do not wait for it.  What takes long
 * to find is answered in part, perhaps with nothing but where to go on. */
void store_ask(struct store *store, struct store_query *query);

/* The next query that is answered, for the caller to destroy; NULL when there is none.  store_fd()
 * polls readable when there may be one; call store_progress() first.
 */
struct store_query *store_answer(struct store *store);

void store_query_destroy(struct store_query *query);

#endif
