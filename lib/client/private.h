/* The inside of a client's handle, shared by the lib/client*.c files and nobody else. */
#ifndef FARMLOCK_CLIENT_PRIVATE_H
#define FARMLOCK_CLIENT_PRIVATE_H

#include <netinet/in.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "answer.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/name_list.h"
#include "ipclocker.h"
#include "job/job_id.h"

enum {
    CLIENT_NAME_MAX = 255,     /* bytes of a name or owner */
    CLIENT_GROUPS_MAX = 64,    /* of a demand */
    CLIENT_ADDRESSES_MAX = 16, /* that are tried of one host */
    CLIENT_CONNECT_MS = 5000,  /* for one address to accept a connection */
    CLIENT_ANSWER_MS = 15000,  /* for the server's next word where it has no reason to wait */
    CLIENT_PING_MS = 5000,     /* for the same, where that is all that is asked */
    CLIENT_DESTROY_MS = 1000,  /* for the unlock in ipclocker_destroy() */
};

/* No deadline. */
#define CLIENT_NEVER INT64_MAX

/* One entry of the list of servers. */
struct client_host {
    char *name;    /* or the path of a UNIX socket */
    uint16_t port; /* 0: the handle's */
    bool is_path;
};

union client_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

struct client_group {
    struct hostlist list;
    size_t count;
};

/* What the caller has set. */
struct client_parameters {
    struct client_host *hosts; /* NULL: from the environment, when they are needed */
    size_t host_count;
    uint16_t port; /* 0: from the environment, when it is needed */
    enum ipclocker_family family;
    struct client_group groups[CLIENT_GROUPS_MAX];
    size_t group_count;
    bool block;
    uint64_t hold_limit_s;
    int64_t wait_limit_ms; /* below 0: none */
    pid_t pid;
    uint64_t process_start; /* of pid; 0 until it is needed */
    char *hostname, *user;  /* NULL: the default */
    char *job;              /* NULL: from the environment; "": none */
    bool autounlock, session, destroy_unlock, verbose;
    unsigned tries, delay_ms;
    ipclocker_notice_fn *print;
    void *print_context;
    ipclocker_trace_fn *trace;
    void *trace_context;
};

enum client_dialect { DIALECT_UNKNOWN, DIALECT_CLASSIC, DIALECT_2 };

/* A connection, or the lack of one. */
struct client_connection {
    int fd; /* -1: none */
    enum client_dialect dialect;
    struct buffer out;
    struct answer_parser parser;
};

enum client_phase {
    PHASE_IDLE,       /* nothing is under way; the connection may be open */
    PHASE_PAUSE,      /* until the next try */
    PHASE_CONNECTING, /* to addresses[address_index - 1] */
    PHASE_HANDSHAKE,  /* the request has to wait until the dialect is known */
    PHASE_ANSWER,     /* the request was sent */
    PHASE_QUEUED,     /* a LOCK that waits its turn */
    PHASE_WITHDRAWAL, /* a classic server has refused: it must be told to forget the request */
};

struct client_operation;

/* Reports of deaths to a classic server, on a connection of their own. */
struct client_report {
    int fd; /* -1: none is under way */
    struct buffer out;
    int64_t deadline_ms;
};

struct ipclocker {
    struct client_parameters set;
    char error[512];
    char default_user[3 * CLIENT_NAME_MAX];

    /* Where servers are, and which is being tried. */
    size_t preferred_host; /* the one that answered last */
    size_t home_host;      /* the one that granted what is held or has us in its queue */
    union client_address home_address;
    bool at_home;     /* no other one is to be asked */
    size_t host_step; /* how many were tried in this round */
    union client_address addresses[CLIENT_ADDRESSES_MAX];
    size_t address_count, address_index;
    unsigned tries;       /* rounds that failed since the last success */
    char failures[320];   /* of this round: "farm1:1751 (Connection refused), ..." */
    size_t failures_len;  /* without the current host's part */
    size_t failures_step; /* host_step when the last one was noted */
    int failure_errno;
    bool is_turned_away; /* the last one is what a server said itself */
    bool is_away;        /* the server that we wait or hold at, as was told */
    int64_t told_away_ms;
    char told_failures[320];

    struct client_connection connection;
    bool reused; /* the request went out on a connection that was open before */
    struct client_report report;

    /* What is under way. */
    const struct client_operation *operation;
    enum client_phase phase;
    int64_t started_ms, limit_ms, phase_deadline_ms;
    int64_t told_ms; /* when the server told who has the lock */
    bool was_queued, notice_due;
    const char *argument_text; /* of the operation; the caller's */
    uint64_t argument_number;

    /* What is known. */
    bool held;
    struct buffer lock_names; /* with a NUL */
    uint64_t token;
    struct ipclocker_wait wait;

    /* What an operation found out, for the call that runs it. */
    char *result_text;
    uint64_t result_number;
    struct ipclocker_list_entry *result_rows;
    char server_version[64];
    uint64_t server_started;
    unsigned server_protocol;
};

/* What to ask of a server, and what to make of the answers. */
struct client_operation {
    bool is_ours;    /* a classic server does not know it */
    bool is_ping;    /* asks no more than whether it answers */
    bool has_demand; /* a classic server knows it where the demand is plain */
    bool never_ends; /* it goes on for as long as it takes, however many tries are set */
    bool at_home;    /* only the server that granted or queued can do it, held or not */
    bool is_behind;  /* nobody waits for it: another one takes its place */
    /* Writes the request to connection.out.  Returns 0, or -1 with errno and error text. */
    int (*write)(struct ipclocker *lock);
    /* Takes one answer.  Returns 1 when the operation is done, 0 when more is to come, -1 with
     * errno and error text when it has failed. */
    int (*take)(struct ipclocker *lock, const struct answer *answer);
    /* Takes back a request that the server may have, and disconnects.  NULL: need not be. */
    void (*give_up)(struct ipclocker *lock);
};

/* error.c */

/* Sets the error text and errno; returns -1. */
int client_fail(struct ipclocker *lock, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls back, if that is wanted. */
void client_notice(struct ipclocker *lock, enum ipclocker_notice notice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* parameters.c */

/* Whether a text can be a word of the protocol.  Returns 0, or -1 with EINVAL; `what` names it. */
int client_check_text(struct ipclocker *lock, const char *text, const char *what);

void client_groups_free(struct ipclocker *lock);
const char *client_hostname(struct ipclocker *lock);
uint64_t client_process_start(struct ipclocker *lock);

/* hosts.c */

void client_hosts_free(struct client_host *hosts, size_t count);

/* Fills in hosts and port from the environment where none are set.  Errors: EINVAL. */
int client_hosts_default(struct ipclocker *lock);

/* Writes "farm1:1751" or a socket's path. */
void client_host_describe(const struct ipclocker *lock, const struct client_host *host, char *out,
                          size_t out_size);

/* Finds the addresses of a host, into lock->addresses.  This may block.  Returns 0, or -1 with
 * errno and why in `reason`.
 */
int client_host_resolve(struct ipclocker *lock, const struct client_host *host, char *reason,
                        size_t reason_size);

/* connect.c */

/* The host and the address that are tried or talked to. */
const struct client_host *client_current_host(const struct ipclocker *lock);
const union client_address *client_current_address(const struct ipclocker *lock);

/* Begins a round over all hosts. */
void client_round_begin(struct ipclocker *lock);

/* Notes why the current host is no server, for the error text. */
void client_round_failed(struct ipclocker *lock, int number, const char *reason);

/* Begins to connect to the next address of the round, for PHASE_CONNECTING.  Returns -1 when none
 * is left.
 */
int client_connect_next(struct ipclocker *lock);

/* connection.c */

bool client_same_address(const union client_address *a, const union client_address *b);

/* Begins to connect a socket; -1 with errno. */
int client_open_socket(const union client_address *address);

/* Looks how the connecting goes: 1 connected, 0 not yet, -1 failed with errno. */
int client_check_socket(int fd, const union client_address *address);

/* The current host is a server: it is asked first from now on. */
void client_remember_host(struct ipclocker *lock);

/* It has us in its queue or has granted: what it knows, no other server does. */
void client_settle(struct ipclocker *lock);

/* How long to pause before the next round, with its random spread.  `was_lost`: there was a
 * connection, and there is something to keep.
 */
int64_t client_pause_ms(const struct ipclocker *lock, bool was_lost);

/* Tell of a round that failed: that there will be another, or none; and that a server is back. */
void client_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost, const char *limit);
void client_tell_down(struct ipclocker *lock);
void client_tell_return(struct ipclocker *lock);

/* Fails with why no host is a server. */
int client_fail_unreached(struct ipclocker *lock);

/* Has the kernel find out when the server's machine is gone, where nothing is said for long. */
void client_keep_alive(const struct ipclocker *lock);

void client_disconnect(struct ipclocker *lock);

/* Sends what is in connection.out, as far as that goes without blocking.  -1 with errno. */
int client_flush(struct ipclocker *lock);

/* Reads what is there.  Returns 1 when something came, 0 when not, -1 with errno at the end of the
 * connection (ECONNRESET) and on failure.
 */
int client_receive(struct ipclocker *lock);

/* request.c */

void client_write_word(struct ipclocker *lock, const char *word, const char *value);
void client_write_number(struct ipclocker *lock, const char *word, uint64_t value);
void client_write_command(struct ipclocker *lock, const char *command);

/* Settings for the demand as a whole; for all its names in one list. */
void client_write_demand(struct ipclocker *lock, bool block);
void client_write_names(struct ipclocker *lock);

/* Settings that name exactly what is held. */
void client_write_held(struct ipclocker *lock);

/* Whether the demand is one that a classic server understands. */
bool client_demand_is_plain(const struct ipclocker *lock);

/* Writes the demand for a person: "2 of vcs1:vcs2 and lic1"; cut with "..." where it is long, and
 * harmless for a terminal.
 */
void client_describe_demand(const struct ipclocker *lock, char *out, size_t out_size);

/* engine.c */

/* Begins an operation; go on with client_step().  A limit below 0 is none.  Errors: EALREADY,
 * EINVAL.
 */
int client_begin(struct ipclocker *lock, const struct client_operation *operation,
                 int64_t limit_ms);

/* Goes on as far as possible without blocking: 1 done, 0 more to wait for, -1 failed. */
int client_step(struct ipclocker *lock);

/* Blocks until what is under way has ended: 0, or -1 when it failed. */
int client_finish(struct ipclocker *lock);

/* Begins an operation and blocks until its end. */
int client_run(struct ipclocker *lock, const struct client_operation *operation, int64_t limit_ms);

/* Drops what is under way. */
void client_abandon(struct ipclocker *lock);

/* Fails with what a status said in its error line. */
int client_refused(struct ipclocker *lock, const char *error);

/* lock.c, calls.c */

extern const struct client_operation client_lock_operation, client_unlock_operation;

/* death_report.c */

/* Looks at an owner that a classic server has doubts about, and reports its end. */
void client_report_check(struct ipclocker *lock, const char *hostname, pid_t pid);

/* Goes on with reports that are under way. */
void client_report_step(struct ipclocker *lock);
void client_report_end(struct ipclocker *lock);

#endif
