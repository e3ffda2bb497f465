/* What the lock server is made of: the types that its files share.  README.md beside this file says
 * which file does what, what each may call, and what holds between them.  A file that others use
 * has a header of its own.
 */
#ifndef FARMLOCK_SERVER_SERVER_H
#define FARMLOCK_SERVER_SERVER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>
#include <time.h>

#include "base/buffer.h"
#include "base/siphash.h"
#include "gated_output.h"
#include "ipclocker_server.h"
#include "lock/demand.h"
#include "lock/table.h"
#include "process/boot.h"
#include "refusal.h"
#include "store/store.h"

enum {
    LINE_MAX_BYTES = 65535,
    OWNER_MAX_BYTES = 255,
    OUT_PAUSE_BYTES = 256 * 1024, /* a client that does not read is not answered further */
    READ_CHUNK = 16 * 1024,       /* most that a client is listened to before the others' turn */
    ABSENT_GRACE_S = 10,          /* how long a waiter may be without a connection */
    AWAY_MAX = 10000,             /* of those that have no session, at most a quarter of all */
    LINGER_S = 5,                 /* how long to wait for a client to read a last error line */
};

struct listener {
    struct ipclocker_server *server;
    int fd;
    char *path; /* of a UNIX socket that we made; NULL otherwise */
    dev_t device;
    ino_t inode; /* of that file, so that nobody else's is removed */
    struct event readable;
    LIST_ENTRY(listener) all;
};

struct claim;
struct owner_process;

TAILQ_HEAD(conn_list, conn);
LIST_HEAD(link_list, claim_link);
LIST_HEAD(claim_list, claim);
TAILQ_HEAD(owner_list, owner_process);
LIST_HEAD(listener_list, listener);

/* A connection that waits for a claim's grant, or is the session of its owner. */
struct claim_link {
    struct claim *claim;
    struct conn *conn;
    bool waits;
    LIST_ENTRY(claim_link) of_claim;
    LIST_ENTRY(claim_link) of_conn;
};

/* What stands behind a request of the lock table; its user_data. */
struct claim {
    struct ipclocker_server *server;
    struct lock_request *request;
    struct link_list links;

    struct owner_process
        *owner; /* the process that is watched for it, see owner_watch.c; or NULL */
    LIST_ENTRY(claim) of_owner;

    struct event *grace; /* the timer until an absent waiter is given up; NULL while it is here */
    bool away;           /* it is among server->away_count */
};

enum conn_state {
    CONN_OPEN,
    CONN_WAITING,  /* behind a LOCK: further commands stay in the buffer */
    CONN_READING,  /* behind a HISTORY: likewise */
    CONN_CLOSING,  /* closes when all is written */
    CONN_DRAINING, /* all is written; input is thrown away so that it is not lost by a reset */
};

struct conn {
    struct ipclocker_server *server;
    int fd;
    enum conn_state state;
    struct buffer in;
    struct gated_output out;

    /* In the loop only while there is something to wait for: a client that is served whole in the
     * pass in which it was accepted never is. */
    struct event readable;
    struct event *writable; /* NULL unless the client does not read as fast as we write */
    bool polled;            /* `readable` is in the loop */
    bool holding;           /* in the list of those that wait for a commit */
    bool more_input;        /* there may be some that was not read yet */
    bool input_ended;
    bool handling; /* a line of it is being handled */
    bool resumed;  /* in the list of those whose LOCK waits no more */
    bool dirty;    /* in the list of those that the end of the pass looks at */

    /* In a list whose connections are closed when their time is over: of those that are draining,
     * or else of those that have sent no command yet.  Oldest first. */
    bool timed;
    time_t since_s;

    /* Settings. */
    bool block, autounlock, session;
    unsigned protocol;
    int64_t hold_ms;
    uint64_t pid, start, pid_namespace;
    char *user, *hostname, *boot, *job;
    struct lock_demand demand;
    const struct refusal *fault; /* of a setting; the next command is answered with it */

    struct claim_link *waiting; /* in state WAITING */
    struct store_query *query;  /* in state READING */
    struct link_list links;
    TAILQ_ENTRY(conn) all, in_dirty, in_resumed;
    union {
        TAILQ_ENTRY(conn) in_timed; /* has nothing to say yet, or any more */
        TAILQ_ENTRY(conn) in_holding;
    };
};

/* What may be done, as far as the state's disk allows it. */
enum state_phase {
    STATE_SERVING,   /* everything; also where there is no state */
    STATE_STALLED,   /* nothing: the disk does not answer, and what is in the table is not safe */
    STATE_LOST,      /* nothing: what is safe could not be read back yet */
    STATE_READ_ONLY, /* what is safe can be told, but nothing can be written */
};

/* The server's state that outlives it. */
struct state {
    char *path; /* NULL: none */
    enum store_durability durability;
    int64_t history_ms;
    unsigned requeue_grace_s;
    bool move_corrupt;

    struct store *store;       /* NULL when there is none, or it cannot be opened */
    struct store_batch *batch; /* of this pass; NULL while nothing has changed */
    uint64_t submitted, committed;
    uint64_t urgent;      /* the last one submitted that somebody may wait for */
    uint64_t least_token; /* what was loaded last begins there */
    uint64_t probe;       /* the batch that shows whether the disk is back */
    bool lost;            /* a change could not even be noted */
    bool watching;        /* `news` is in the loop */
    struct event news, lazy, again;
    char host_now[BOOT_TEXT_SIZE], host_before[BOOT_TEXT_SIZE];

    enum state_phase phase; /* see state_outage_enter() */
    bool waits;             /* there was something to commit at the last look */
    uint64_t watched;       /* what was committed then */
    time_t watched_s;       /* since when that was so */
    bool logged;
    time_t last_log_s;
    char reason[STORE_ERROR_SIZE], refusal_text[STORE_ERROR_SIZE + 64];
    struct refusal refusal; /* of what cannot be done now; has refusal_text */
};

/* See timeline.h.  What comes from the store is of the line that it was written by. */
struct timeline {
    int64_t boot_offset_ms; /* see boot_clock_offset_ms() */
    bool is_settled;        /* in this life of the server */
    bool same_boot;         /* as that which has written the store: then shift_ms is exact */
    int64_t shift_ms;       /* from the store's line to ours */
    int64_t seen_ms;        /* the last time that is known to have come, on the store's line */
    bool has_moved;         /* some times that were loaded are not those of the store any more */
    int64_t keep_until_ms;  /* see struct store_clock */
    time_t noted_s;
};

/* For a caller whose loop is not libevent's, see outside.c. */
struct outside {
    int fd;       /* the loop's own, which is not ours to close; -1 until somebody asks for it */
    int timer_fd; /* makes that readable when a timer is due; -1: none */
    struct event due;
};

/* What lower files have done by those above them, so that calls go one way.  server.c fills it in.
 */
struct server_parts {
    /* For conn.c: does what a line says; whether a line may be handled while a LOCK before it
     * waits; has everybody let go of a connection that goes away. */
    void (*run_line)(struct conn *conn, char *line);
    bool (*is_urgent)(const struct conn *conn, const char *line, size_t len);
    void (*let_go)(struct conn *conn);

    /* For pass.c: handles what stood behind a LOCK; finishes the pass for a connection, which may
     * be gone then; finishes it for the state, behind all connections. */
    bool (*handle_kept_lines)(struct conn *conn);
    void (*finish_pass)(struct conn *conn);
    void (*end_pass)(struct ipclocker_server *server);
};

struct ipclocker_server {
    const struct server_parts *parts;
    struct event_base *base;
    bool owns_base, serving, stopped;
    struct listener_list listeners;
    struct conn_list conns, dirty, resumed, idle, draining, holding;
    size_t conn_count;
    size_t away_count; /* waiters without connection or session */
    size_t limits[IPCLOCKER_LIMITS];
    struct lock_table *table;
    uint64_t first_token; /* what was granted with a lower one is forgotten; 0: nothing is */
    struct state state;
    struct outside outside;
    struct event pass_end;
    bool pass_end_queued, running_resumed;
    struct event deadline, sweep, accept_again;
    int64_t armed_ms; /* when `deadline` is due; INT64_MAX for never */
    bool accept_paused;
    time_t last_limit_log_s;
    struct tree owners; /* the processes that are watched, see owner_watch.c */
    struct owner_list
        unseen;         /* those of this host without a descriptor; the next to look at first */
    struct event *look; /* the timer for these; NULL until there is one */
    size_t owner_descriptors, owner_descriptors_max;
    bool told_of_shortage;
    struct siphash_key boot_key;
    struct pidstat_asker *asker; /* of other hosts; NULL until there is something to ask */
    struct event asker_readable;
    int pidstat_port;     /* 0 for the default, below 0 to ask nobody */
    int64_t started_ms;   /* by the wall clock */
    int64_t line_base_ms; /* of the time line, see context_now_ms() */
    struct timeline timeline;
    char own_hostname[256];
    char *scratch; /* READ_CHUNK bytes for reading, one of a kind as there is one thread */
    ipclocker_log_fn *log;
    void *log_context;
    bool debug;
    char error[512];
};

#endif
