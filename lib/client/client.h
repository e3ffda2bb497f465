/* What a client's handle is made of, for the files of this room and nobody else: its types, and no
 * function.  Each file that others use has a header of its own.
 */
#ifndef FARMLOCK_CLIENT_CLIENT_H
#define FARMLOCK_CLIENT_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "answer.h"
#include "base/buffer.h"
#include "ipclocker.h"
#include "lock/demand.h"

enum {
    CLIENT_NAME_MAX = 255,     /* bytes of a name or owner */
    CLIENT_GROUPS_MAX = 64,    /* of a demand */
    CLIENT_ADDRESSES_MAX = 16, /* that are tried of one host */
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

/* What the caller has set. */
struct client_parameters {
    struct client_host *hosts; /* NULL: from the environment, when they are needed */
    size_t host_count;
    uint16_t port; /* 0: from the environment, when it is needed */
    enum ipclocker_family family;
    struct lock_demand demand;
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

/* Which server is ours. */
struct client_place {
    size_t preferred_host; /* the one that answered last */
    size_t home_host;      /* the one that granted what is held or has us in its queue */
    union client_address home_address;
    bool at_home; /* no other one is to be asked */
};

/* A round over all hosts, in which none was a server so far. */
struct client_round {
    size_t host_step;                                     /* how many were tried in this round */
    union client_address addresses[CLIENT_ADDRESSES_MAX]; /* of the current host */
    size_t address_count, address_index;
    unsigned tries;       /* rounds that failed since the last success */
    char failures[320];   /* of this round: "farm1:1751 (Connection refused), ..." */
    size_t failures_len;  /* without the current host's part */
    size_t failures_step; /* host_step when the last one was noted */
    int failure_errno;
    bool is_turned_away; /* the last one is what a server said itself */
};

/* What was told last of a server that is away, so that it is not told again and again. */
struct client_retell {
    bool is_away; /* the server that we wait or hold at */
    int64_t told_ms;
    char failures[320];
};

enum client_dialect { DIALECT_UNKNOWN, DIALECT_CLASSIC, DIALECT_2 };

/* A connection, or the lack of one. */
struct client_connection {
    int fd; /* -1: none */
    enum client_dialect dialect;
    struct buffer out;
    struct answer_parser parser;
};

/* Reports of deaths to a classic server, on a connection of their own. */
struct client_death_report {
    int fd; /* -1: none is under way */
    struct buffer out;
    int64_t deadline_ms;
};

enum client_phase {
    PHASE_IDLE,       /* nothing is under way; the connection may be open */
    PHASE_PAUSE,      /* until the next try */
    PHASE_CONNECTING, /* to round.addresses[address_index - 1] */
    PHASE_HANDSHAKE,  /* the request has to wait until the dialect is known */
    PHASE_ANSWER,     /* the request was sent */
    PHASE_QUEUED,     /* a LOCK that waits its turn */
    PHASE_WITHDRAWAL, /* a classic server has refused: it must be told to forget the request */
};

struct client_operation; /* engine.h */

/* What is under way. */
struct client_call {
    const struct client_operation *operation; /* NULL: nothing */
    void *argument;                           /* its own; NULL where it has none */
    enum client_phase phase;
    int64_t started_ms, limit_ms, phase_deadline_ms;
    bool reused; /* the request went out on a connection that was open before */
    bool was_queued;
};

/* A wait for a lock. */
struct client_wait {
    struct ipclocker_wait known;
    int64_t told_ms; /* when the server told who has the lock */
    bool notice_due;
};

/* What is held. */
struct client_grant {
    bool held;
    struct buffer names; /* with a NUL */
    uint64_t token;
};

/* What a server said of itself. */
struct client_server {
    char version[64];
    uint64_t started; /* in seconds since 1970 */
    unsigned protocol;
};

struct ipclocker {
    struct client_parameters set;
    char error[512];
    char default_user[3 * CLIENT_NAME_MAX];
    char *owner; /* what ipclocker_owner() has returned */

    struct client_place place;
    struct client_round round;
    struct client_retell retell;
    struct client_connection connection;
    struct client_death_report report;

    struct client_call call;
    struct client_wait wait;
    struct client_grant grant;
    struct client_server server;
};

#endif
