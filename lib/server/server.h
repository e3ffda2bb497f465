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

#include "account.h"
#include "auth/peer.h"
#include "base/buffer.h"
#include "base/siphash.h"
#include "commit_times.h"
#include "figures.h"
#include "gated_output.h"
#include "ipclocker_server.h"
#include "lock/demand.h"
#include "lock/table.h"
#include "log_quota.h"
#include "net/cidr.h"
#include "pool_setup.h"
#include "process/boot.h"
#include "protocol/cluster_id.h"
#include "refusal.h"
#include "store/store.h"
#include "tidings.h"

enum {
    OWNER_MAX_BYTES = 255,
    READ_CHUNK = 16 * 1024, /* most that a client is listened to before the others' turn */
    ABSENT_GRACE_S = 10,    /* how long a waiter may be without a connection */
    AWAY_MAX = 10000,       /* of those that have no session, at most a quarter of all */
    OWNER_COUNTERS = 65536, /* see payer.c */
    REFUSALS_NOTED = 1024,  /* that are known when they are repeated */
    COMMAND_CHAIN_BITS = 7,
    COMMAND_NONE = 255,
    LINGER_S = 5, /* how long to wait for a client to read a last error line */
};

struct listener {
    struct ipclocker_server *server;
    int fd;     /* -1: a UNIX socket that is not open now */
    char *path; /* of a UNIX socket that we make; NULL otherwise */
    dev_t device;
    ino_t inode; /* of that file, so that nobody else's is removed */
    struct event readable;
    LIST_ENTRY(listener) all;
};

struct absence;
struct auth_job;
struct claim;
struct finder;
struct inner_owner;
struct listing;
struct owner_process;
struct silence;
struct unfinished;
struct unusable;

TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(listing_list, listing);
LIST_HEAD(link_list, claim_link);
LIST_HEAD(claim_list, claim);
TAILQ_HEAD(owner_list, owner_process);
LIST_HEAD(listener_list, listener);
LIST_HEAD(unusable_list, unusable);

/* A connection that waits for a claim's grant, or is the session of its owner. */
struct claim_link {
    struct claim *claim;
    struct conn *conn;
    bool waits;
    bool put_off; /* behind its list the connection is to be told so; these are its first links */
    LIST_ENTRY(claim_link) of_claim;
    LIST_ENTRY(claim_link) of_conn;
};

/* Of a process that has ended: its waits are made absent, then end; then what it holds. */
enum owner_end_step { OWNER_END_MARKS, OWNER_END_WAITS, OWNER_END_GRANTS, OWNER_END_STEPS };

/* What stands behind a request of the lock table; its user_data. */
struct claim {
    struct ipclocker_server *server;
    struct lock_request *request;
    struct link_list links;

    struct owner_process *owner; /* that is watched for it, see owner_watch.c; or NULL */
    LIST_ENTRY(claim) of_owner;

    /* Each NULL for most. */
    struct inner_owner *inner; /* see owner_finder_note() */
    struct silence *silence;   /* see silence.h */
    struct absence *absence;   /* of a waiter that is not here: until it is given up */
};

enum conn_state {
    CONN_OPEN,
    CONN_WAITING,  /* behind a LOCK: further commands stay in the buffer */
    CONN_READING,  /* behind a HISTORY or a list: likewise */
    CONN_PROVING,  /* behind a proof that is being checked, or a name that is asked for: likewise */
    CONN_CLOSING,  /* closes when all is written */
    CONN_DRAINING, /* all is written; input is thrown away so that it is not lost by a reset */
};

/* What many clients never say of their process, and of how they ask. */
struct particulars {
    uint64_t pid, start, pid_namespace;
    char *hostname, *boot, *job, *project;
    int64_t hold_ms;
    uint32_t lost_after_s;
    uint32_t queue_places; /* of a queue that it would take, the first ones; 0: any */
    uint32_t keep_ms;
    int16_t priority;
    bool until_boot;
};

/* A list that a connection has asked for. */
struct conn_listing {
    struct conn *conn;
    struct listing *listing;
    size_t sent;           /* so many bytes of it were said */
    struct buffer delayed; /* lines that are said behind it, of locks that were lost */
    TAILQ_ENTRY(conn_listing) of_listing;
};

/* In the order of sizes, more or less: a queue may be long, and holes in it are memory of each.
 * What only some of them need is in a struct of its own. */
struct conn {
    struct ipclocker_server *server;
    struct buffer in;
    struct gated_output out;

    struct event *writable; /* NULL unless the client does not read as fast as we write */

    /* What it costs, see turn.h, and who pays for its requests, see payer.h. */
    struct account *account, *payer;

    struct lock_asker asker; /* who is at the other end, as far as it is proven */
    struct auth_conn *auth;  /* see auth_key.h; NULL until it has said `auth` */

    /* Settings. */
    char *user;
    const struct particulars *says; /* what more it says, see particulars.h; never NULL */
    struct lock_demand demand;
    const struct refusal *fault; /* of a setting; the next command is answered with it */

    struct claim_link *waiting;    /* in state WAITING */
    struct store_query *query;     /* in state READING */
    struct conn_listing *list;     /* likewise: that it asked for; see listing.h */
    struct unfinished *unfinished; /* what its command has to do yet; or NULL */
    struct link_list links;
    TAILQ_ENTRY(conn) all, in_dirty, in_resumed, in_unread, in_turn;
    TAILQ_ENTRY(conn) in_timed, in_holding;

    int fd;
    uint32_t turn_cost_us; /* of this turn, so far */

    /* In a list whose connections are closed when their time is over: of those that are draining,
     * or else of all others, which are looked at then.  Oldest first. */
    uint32_t since_s;

    uint32_t unread_since_s; /* in the list of those that do not read, oldest first */
    uint32_t counted_output; /* so much of it is in server->output_bytes */

    uint32_t nameless_since_s; /* see is_nameless */

    unsigned char payer_proof; /* of the asker, when the payer was found */
    enum conn_state state : 8;
    /* In the list of those that wait for one. */
    enum { TURN_NONE, TURN_CUT, TURN_BEHIND, TURN_STALLED } turn : 8;

    bool block, autounlock, session; /* settings */
    bool why;                        /* likewise: it wants to know why it waits */
    unsigned char protocol;          /* likewise */

    bool is_admin, is_reaper; /* see may.h */
    bool handling : 1;        /* a line of it is being handled */
    bool resumed : 1;         /* in the list of those whose LOCK waits no more */
    bool dirty : 1;           /* in the list of those that the end of the pass looks at */
    bool is_active : 1;       /* it has sent a command since since_s */
    bool polled : 1;          /* `readable` is in the loop */
    bool holding : 1;         /* in the list of those that wait for a commit */
    bool more_input : 1;      /* there may be some that was not read yet */
    bool is_known : 1;        /* it has sent one at all */
    bool input_ended : 1;
    bool unread : 1;      /* in the list of those that do not read */
    bool is_nameless : 1; /* it waits for the name of its user */

    /* What follows is set when it is used. */
    char own_user[28];            /* `user`, where it has room there */
    struct lock_demand_room only; /* of a demand for one lock, likewise */
    /* In the loop only while there is something to wait for: a client that is served whole in the
     * pass in which it was accepted never is. */
    struct event readable;
};

/* What may be done, as far as the state's disk allows it. */
enum state_phase {
    STATE_SERVING,   /* everything; also where there is no state */
    STATE_STALLED,   /* nothing: the disk does not answer, and what is in the table is not safe */
    STATE_LOST,      /* nothing: what is safe could not be read back yet; from here on it is down */
    STATE_READ_ONLY, /* what is safe can be told, but nothing can be written */
    STATE_STANDS_BY, /* nothing: the state is shared, and another server leads */
};

/* The server's state that outlives it. */
struct state {
    char *path; /* NULL: none */
    enum store_durability durability;
    int64_t history_ms, history_bytes;
    unsigned requeue_grace_s;
    bool move_corrupt;
    struct store_etcd_options etcd; /* see replicated.h */
    char instance[33];

    struct store *store;       /* NULL when there is none, or it cannot be opened */
    bool confirms;             /* see store_confirms() */
    struct store_batch *batch; /* of this pass; NULL while nothing has changed */
    uint64_t submitted, committed;
    uint64_t submitted_bytes, committed_bytes; /* since it was opened or loaded */
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

/* See leading.h. */
struct leading {
    bool looks, serves, listens; /* `look` is in the loop; it leads, and knows the table; is open */
    bool has_closed, has_failed; /* connections, as another may lead; to listen, and has said so */
    bool resigns;                /* by order, and is not heard to have done so */
    int64_t unix_again_ms; /* when UNIX sockets that could not be opened are tried again; or 0 */
    struct event look;
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

/* A refusal that is in the history, by a hash of owner and lock. */
struct noted_refusal {
    uint64_t who; /* 0: none */
    int64_t at_ms;
    uint64_t repeated;
    char *owner, *names;
};

/* What the log has heard of a limit. */
struct limit_log {
    time_t last_s;
    uint64_t count;            /* since then */
    struct account_key client; /* who was the last one, where it was one client */
    bool is_of_client;
};

/* Who is in which group, see membership.h. */
struct memberships {
    const struct pools_config *config;  /* whose groups count; NULL: there are none */
    const struct system_groups *system; /* those of the system that it names */
    struct tree members;
    TAILQ_HEAD(member_line, member) line; /* who is to be asked about */
    bool is_asking;                       /* a thread is, about one */
    bool has_news;                        /* it has told of some */
    const char **in, **names;             /* room for the answer, and for what it is made of */
};

/* The pools that it was told of, see pools.h. */
struct server_pools {
    struct memberships memberships;
    struct pool_setup now;  /* the table has these */
    struct pool_setup next; /* and is to have these */
    bool has_next;
    bool is_regrouping; /* the table is to go by other groups of who waits */
    struct event more;  /* there is something to make ready for that, or to tidy up behind it */
    const struct pool_setup *in_force; /* the one whose functions are asked; NULL: there is none */
    struct refusal refusal;            /* of the last request that a rule refused: its text is */
    char refusal_text[400];
    size_t nameless; /* connections that wait for the name of their user, see rule_asker.c */
};

/* For a caller whose loop is not libevent's, see outside.c. */
struct outside {
    int fd;       /* the loop's own, which is not ours to close; -1 until somebody asks for it */
    int timer_fd; /* makes that readable when a timer is due; -1: none */
    struct event due;
};

/* Finds commands by their words: chains of places in the table of command.c. */
struct command_index {
    uint64_t heads[FIGURES_COMMANDS_MAX];
    uint8_t chains[1 << COMMAND_CHAIN_BITS], next[FIGURES_COMMANDS_MAX];
};

/* What lower files have done by those above them, so that calls go one way.  server.c fills it in.
 */
struct server_parts {
    /* For conn.c: does what a line says, or returns false when that is not possible yet; whether a
     * line may be handled while a LOCK before it waits; has everybody let go of a connection that
     * goes away. */
    bool (*run_line)(struct conn *conn, char *line, size_t len);
    bool (*is_urgent)(const struct conn *conn, const char *line, size_t len);
    void (*let_go)(struct conn *conn);
    /* Says more of a list, as far as there is room. */
    bool (*say_more)(struct conn *conn);
    /* Whether one that says nothing may stay. */
    bool (*may_stay)(const struct conn *conn);

    /* For auth_conn.c: a login has become known. */
    void (*on_login)(struct ipclocker_server *server, uint32_t uid, const char *login);
    void (*on_groups)(struct ipclocker_server *server, struct auth_job *job);

    /* For pass.c: handles what stood behind a LOCK; finishes the pass for a connection, which may
     * be gone then; finishes it for the state, behind all connections. */
    bool (*handle_kept_lines)(struct conn *conn);
    void (*finish_pass)(struct conn *conn);
    void (*give_turns)(struct ipclocker_server *server);
    void (*take_turn)(struct conn *conn);
    void (*write_lists)(struct ipclocker_server *server);
    void (*end_pass)(struct ipclocker_server *server);
};

struct ipclocker_server {
    const struct server_parts *parts;
    struct command_index command_index;
    struct event_base *base;
    bool owns_base, serving, stopped;
    struct listener_list listeners;
    struct conn_list conns, dirty, resumed, idle, draining, holding, unread, cut, behind, stalled;
    struct event more_turns;
    uint32_t pass; /* counts the passes */
    struct account_book accounts;
    struct account *acting; /* whose command is being done; NULL outside of commands */
    uint32_t owner_locks[OWNER_COUNTERS];
    struct noted_refusal noted_refusals[REFUSALS_NOTED];
    struct log_quotas *log_quotas; /* see context_log() */
    size_t conn_count, spare_count, spare_idle;
    size_t output_bytes;                      /* of all connections */
    size_t away_count;                        /* waiters without connection or session */
    size_t limits[IPCLOCKER_LIMITS];          /* as they were set, */
    size_t limits_in_force[IPCLOCKER_LIMITS]; /* and as they count, see limit_value() */
    struct limit_log limit_logs[IPCLOCKER_LIMITS];
    struct limit_refusal {
        struct refusal refusal;
        char text[128]; /* its own */
    } limit_refusals[IPCLOCKER_LIMITS];
    struct listing_list listings;     /* that are not whole yet: the first is being written */
    struct listing_list old_listings; /* that nobody takes any more: their memory is given back */
    struct event more_listing, more_old_listings;
    struct listing *fresh_listings[4]; /* by kind: the last one, as long as somebody takes it */
    size_t listing_bytes;              /* of those that are whole */
    uint64_t table_changes;            /* how many there were, of what lists say */
    struct {
        tidings_fn *tell; /* NULL: nobody listens */
        void *context;
    } tidings;
    void (*on_safe)(void *context, bool lost); /* see onlooker_set_safe() */
    void *on_safe_context;
    LIST_HEAD(onlookers_of_past, onlooker_of_past)
    onlookers; /* who wait for the history, and are no clients */
    struct lock_table *table;
    struct server_pools pools;
    struct unusable_list unusable;
    uint64_t first_token; /* what was granted with a lower one is forgotten; 0: nothing is */
    struct state state;
    struct leading leading;
    struct figures_counts counts;
    struct commit_times commit_times;
    struct outside outside;
    struct event pass_end, owner_ends;
    bool pass_end_queued, running_resumed;
    bool pass_may_be_short; /* an event is handled that may be the only one of it */
    struct event deadline, sweep, accept_again;
    int64_t armed_ms; /* when `deadline` is due; INT64_MAX for never */
    bool accept_paused;
    time_t last_shortage_s;
    struct {
        struct cidr_list list;
        uint64_t refused;
        time_t logged_s;
    } allow;
    struct tree owners;       /* the processes that are watched, see owner_watch.c */
    struct tree boots;        /* the boots that are waited for, see boot_watch.c */
    struct owner_list unseen; /* of this host, without a descriptor; the next to look at first */
    struct owner_list ending[OWNER_END_STEPS]; /* by what is next, see owner_end.h */
    struct event *look; /* the timer for the unseen; NULL until there is one */
    size_t owner_descriptors, owner_descriptors_max;
    bool told_of_shortage;
    enum ipclocker_auth auth;
    bool is_private;
    char *munge_socket; /* NULL: the usual one */
    uid_t auth_uid;     /* ours, as munged sees it */
    time_t last_munge_log_s;
    struct auth_uids uids;
    struct auth_roles *roles;
    struct auth_desk *auth_desk;         /* see auth_worker.c */
    struct tree logins, grants;          /* see auth_login.c and auth_grant.c */
    const struct store_culprit *culprit; /* who is taking from others just now; NULL: nobody */
    struct siphash_key boot_key;
    struct pidstat_asker *asker; /* of other hosts; NULL until there is something to ask */
    struct event asker_readable;
    struct {
        struct tree due;    /* of struct silence */
        struct event *tick; /* NULL until there is one */
        int64_t deaf_ms;    /* so long the loop has stood still, */
        int64_t ticked_ms;  /* and by the monotonic clock it last did not */
    } silence;
    struct finder *finder; /* of processes in containers of this host; NULL until one is asked */
    LIST_HEAD(death_report_list, death_report) death_reports; /* that are looked into */
    size_t reports_ending; /* of them, those in the middle of what their process has */
    int pidstat_port;      /* 0 for the default, below 0 to ask nobody */
    bool no_classic_pidstatd;
    int64_t started_ms;   /* by the wall clock */
    int64_t line_base_ms; /* of the time line, see context_now_ms() */
    struct timeline timeline;
    char own_hostname[256];
    char cluster[CLUSTER_ID_SIZE]; /* see cluster.h; "": none */
    struct spare_conn *spares;     /* memory of some that have gone, see spare_conn.h */
    char *scratch; /* READ_CHUNK bytes for reading, one of a kind as there is one thread */
    ipclocker_log_fn *log;
    void *log_context;
    bool debug;
    char error[512];
};

#endif
