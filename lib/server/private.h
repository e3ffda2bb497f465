/* What the files of the lock server share; ipclocker.h says what it does.
 *
 *   server.c    the server itself: start, loop, time, table events
 *   listener.c  listening sockets, accepting
 *   conn.c      one client's connection: bytes in, lines, bytes out
 *   command.c   what the lines mean; setting.c: those that only set something
 *   incarnation.c  which process an owner's name stands for
 *   reply.c     answers; reply_json.c: the JSON list
 *   claim.c     which connections stand behind a request
 *   owner.c     which process; owner_watch.c: whether it has ended
 *   history.c   what has ended: the answer to HISTORY
 *   state.c   its store: commits, restart, coming back; state_note.c: what there is to commit
 *   state_outage.c  what is told while it cannot be written
 */
#ifndef FARMLOCK_SERVER_PRIVATE_H
#define FARMLOCK_SERVER_PRIVATE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>
#include <time.h>

#include "base/buffer.h"
#include "base/siphash.h"
#include "demand.h"
#include "ipclocker.h"
#include "lock/table.h"
#include "process/boot.h"
#include "store/store.h"

enum {
    LINE_MAX_BYTES = 65535,
    OWNER_MAX_BYTES = 255,
    OUT_PAUSE_BYTES = 256 * 1024, /* a client that does not read is not answered further */
    READ_CHUNK = 16 * 1024,       /* most that a client is listened to before the others' turn */
    ABSENT_GRACE_S = 10,          /* how long a waiter may be without a connection */
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
struct owner;

TAILQ_HEAD(conn_list, conn);
LIST_HEAD(link_list, claim_link);
LIST_HEAD(claim_list, claim);
TAILQ_HEAD(owner_list, owner);
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

    struct owner *owner; /* the process that is watched for it, see owner_watch.c; or NULL */
    LIST_ENTRY(claim) of_owner;

    struct event *grace; /* the timer until an absent waiter is given up; NULL while it is here */
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
    struct buffer in, out;

    /* The bytes of `out`: first those that can be sent, then those that may be seen only when a
     * batch is committed, and when a later one is; the rest was said in this pass. */
    uint32_t sendable;
    uint32_t plain; /* of what was said in this pass, so much depends on no change */
    uint32_t held_len[2];
    uint64_t held_mark[2];

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
    struct wish wish;
    const char *fault; /* of a setting; the next command is answered with it.  Static text. */

    struct claim_link *waiting; /* in state WAITING */
    struct store_query *query;  /* in state READING */
    struct link_list links;
    TAILQ_ENTRY(conn) all, in_dirty, in_resumed;
    union {
        TAILQ_ENTRY(conn) in_timed; /* has nothing to say yet, or any more */
        TAILQ_ENTRY(conn) in_holding;
    };
};

/* The server's state that outlives it. */
struct durable {
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
    char host_now[MACHINE_TEXT_SIZE], host_before[MACHINE_TEXT_SIZE];

    bool down;        /* nothing can be written: nothing may change */
    bool stalled;     /* the disk does not answer: nothing more may change until it does */
    bool table_known; /* but what there is can be read, and told */
    bool waits;       /* there was something to commit at the last look */
    uint64_t watched; /* what was committed then */
    time_t watched_s; /* since when that was so */
    bool logged;
    time_t last_log_s;
    char reason[STORE_ERROR_SIZE], refusal[STORE_ERROR_SIZE + 64];
};

struct ipclocker_server {
    struct event_base *base;
    bool owns_base, serving, stopped;
    struct listener_list listeners;
    struct conn_list conns, dirty, resumed, idle, draining, holding;
    size_t conn_count;
    size_t limits[IPCLOCKER_LIMIT_IDLE_S + 1];
    struct lock_table *table;
    uint64_t first_token; /* what was granted with a lower one is forgotten; 0: nothing is */
    struct durable durable;
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
    int pidstat_port;                        /* 0 for the default, below 0 to ask nobody */
    int64_t wall_base_ms, monotonic_base_ms; /* see server_now_ms() */
    char own_hostname[256];
    char *scratch; /* READ_CHUNK bytes for reading, one of a kind as there is one thread */
    ipclocker_log_fn *log;
    void *log_context;
    bool debug;
    char error[512];
};

/* server.c */

/* Now, on the time line of the table: milliseconds since 1970 that never step, because the wall
 * clock is read once and the monotonic clock goes on from there. */
int64_t server_now_ms(const struct ipclocker_server *server);
time_t server_monotonic_s(void);

void server_log(const struct ipclocker_server *server, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what went wrong in server->error and keeps errno; returns -1. */
int server_fail(struct ipclocker_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void server_on_table_event(void *server, const struct lock_event *event);

/* Has the end of this pass looked after what has changed in it. */
void server_queue_pass_end(struct ipclocker_server *server);

/* Has conn_finish_pass() called for a connection at the end of this pass of the loop. */
void server_mark_dirty(struct conn *conn);

/* A connection's LOCK waits no more: what stands behind it can be handled. */
void server_resume(struct conn *conn);

/* Handles what stood behind the LOCKs that a release has ended, before that release is answered, as
 * the classic server does: its status tells of the owner after them.
 */
void server_run_resumed(struct ipclocker_server *server);

/* To be called when the table's next deadline may have changed. */
void server_arm_deadline(struct ipclocker_server *server);

/* listener.c */

int listener_start_all(struct ipclocker_server *server);
void listener_destroy(struct listener *listener);
void listener_resume(evutil_socket_t fd, short events, void *server);

/* conn.c */

/* Takes over an accepted descriptor, also when it fails.  Answers what its client has said already.
 */
void conn_create(struct ipclocker_server *server, int fd);
void conn_destroy(struct conn *conn);

/* Handles lines that could not be before, writes what can be written, closes what is over and has
 * the loop look for more input of what is not. */
void conn_finish_pass(struct conn *conn);

/* Handles lines that had to wait for a grant, or for the client to read.  Returns whether any was.
 */
bool conn_handle_kept_lines(struct conn *conn);

/* Lets go of what waits for a commit that is done; the rest waits on. */
void conn_release_output(struct conn *conn);

/* Takes back what waits for a commit, says why, and closes.  Its claims are gone already. */
void conn_take_back(struct conn *conn, const char *why);

/* Sends an error line and closes behind it. */
void conn_refuse(struct conn *conn, const char *text);

/* command.c */

/* Does what a line says.  `line` has no newline, ends with a NUL and is modified. */
void command_run(struct conn *conn, char *line);

/* Whether a line may be handled while a LOCK before it waits. */
bool command_is_urgent(const struct conn *conn, const char *line, size_t len);

/* setting.c */

/* Settings, with the rest of their line.  One that cannot be used is kept as the connection's
 * fault.
 */
void setting_user(struct conn *conn, char *args);
void setting_hostname(struct conn *conn, char *args);
void setting_job(struct conn *conn, char *args);
void setting_pid(struct conn *conn, char *args);
void setting_process(struct conn *conn, char *args);
void setting_block(struct conn *conn, char *args);
void setting_autounlock(struct conn *conn, char *args);
void setting_session(struct conn *conn, char *args);
void setting_timeout(struct conn *conn, char *args);
void setting_locks(struct conn *conn, char *args);
void setting_and(struct conn *conn, char *args);
void setting_count(struct conn *conn, char *args);
void setting_proto(struct conn *conn, char *args);

/* reply.c */

/* The status about the connection's names; `released`, or NULL, is one that was given back just
 * now; `error`, or NULL, goes into the error line. */
void reply_status(struct conn *conn, const char *released, const char *error);
void reply_granted(struct conn *conn, const struct lock_request *request);
void reply_waiting(struct conn *conn, const struct lock_request *request);
void reply_queue(struct conn *conn, const struct lock_request *request);
void reply_lock_list(struct conn *conn);
void reply_json_list(struct conn *conn);
void reply_text(struct conn *conn, const char *text);
void reply_word(struct conn *conn, const char *word, const char *value);
void reply_number(struct conn *conn, const char *word, uint64_t value);

/* claim.c */

/* Ties a connection to a request, as its waiter or its session.  Returns -1 when there is no
 * memory. */
int claim_join(struct conn *conn, struct lock_request *request, bool waits);

/* Ties a connection, as a session, to all requests of its user that name a lock of its wish. */
int claim_join_all(struct conn *conn);

/* Has an owner watched that asked for autounlock and has no session.  May end the request. */
void claim_watch_owner(struct ipclocker_server *server, struct lock_request *request);

/* A connection goes away: ends or suspends its wait, has the owners of its sessions checked. */
void claim_leave_all(struct conn *conn);

/* The callbacks for the table's events. */
void claim_on_granted(struct lock_request *request);
void claim_on_ended(struct lock_request *request, enum lock_reason reason);

/* Takes up a request that was restored: watches its owner, gives a waiter time to come back.  May
 * end it.
 */
void claim_restore(struct ipclocker_server *server, struct lock_request *request);

/* Frees all claims, without looking at the fate of their requests. */
void claim_destroy_all(struct ipclocker_server *server);

/* state.c */

/* Opens the state and restores the table from it.  Returns -1 with errno and an error. */
int durable_start(struct ipclocker_server *server);

/* Has everything written that was noted, and closes.  What changes later is not kept. */
void durable_stop(struct ipclocker_server *server);
void durable_fini(struct durable *durable);

/* To be called at the end of each pass, when all that was said in it is marked. */
void durable_end_pass(struct ipclocker_server *server);

/* state_outage.c */

/* To be called about once a second: looks whether the disk still answers, and has it logged once a
 * minute when it does not. */
void durable_watch(struct ipclocker_server *server);

/* The disk has answered. */
void durable_end_stall(struct ipclocker_server *server);

/* Says why the state cannot be written, to the log and to who asks from now on. */
void durable_report(struct ipclocker_server *server, const char *reason);

/* Why a command cannot be done now; NULL when it can. */
const char *durable_refusal(const struct ipclocker_server *server, bool changes);

/* Whether a status may be told beside the refusal. */
bool durable_knows_table(const struct ipclocker_server *server);

/* history.c */

/* Answers HISTORY, when the store has; args are the rest of the line. */
void history_command(struct conn *conn, char *args);

/* Passes on what the store has answered. */
void history_take_answers(struct ipclocker_server *server);

/* A connection goes away, or its store does: nobody waits for the answer any more. */
void history_forget(struct conn *conn);

/* state_note.c */

/* Notes what is to be kept: an event of the table, and a LOCK that was refused. */
void durable_note(struct ipclocker_server *server, const struct lock_event *event);
void durable_note_refused(struct conn *conn);

/* The batch of this pass; NULL when there is no memory, which the end of the pass sees. */
struct store_batch *durable_batch(struct ipclocker_server *server);

/* The commit that everything depends on which was said up to now, and whether it is done. */
uint64_t durable_mark(const struct ipclocker_server *server);
bool durable_is_safe(const struct ipclocker_server *server, uint64_t mark);

#endif
