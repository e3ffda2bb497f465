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
#include "auth/seal.h"
#include "base/buffer.h"
#include "ipclocker.h"
#include "lock/demand.h"
#include "protocol/cluster_id.h"

enum {
    CLIENT_NAME_MAX = 255,     /* bytes of a name or owner */
    CLIENT_GROUPS_MAX = 64,    /* of a demand */
    CLIENT_ADDRESSES_MAX = 16, /* that are tried of one host */
};

/* No deadline. */
#define CLIENT_NEVER INT64_MAX

/* defaults/defaults.h */
struct defaults;

struct client_rival; /* race.c */

/* net/resolver.h */
struct resolver;
struct resolver_result;

/* Why a host is no server, from what says least to what says most. */
enum client_failure_kind {
    FAILURE_NONE,
    FAILURE_ABSENT,    /* this machine has no way to such an address */
    FAILURE_UNREACHED, /* refused, or not known */
    FAILURE_LATE,      /* no address or no connection in time */
    FAILURE_SILENT,    /* it accepts, and does not answer */
    FAILURE_BROKEN,    /* it has hung up, or is something else than a lockerd */
    FAILURE_SAID,      /* a lockerd does not serve us, and says why */
};

struct client_failure {
    enum client_failure_kind kind;
    int number;         /* an errno */
    const char *reason; /* harmless for a terminal */
    bool is_final;      /* to ask again would come to the same */
};

/* The one of those of a host that says most. */
struct client_host_failure {
    enum client_failure_kind kind;
    bool is_final;
    char reason[160];
};

/* One entry of the list of servers. */
struct client_host {
    char *name;    /* or the path of a UNIX socket */
    uint16_t port; /* 0: the handle's */
    bool is_path;
    bool is_looked_up;            /* the resolver is at it */
    struct resolver_result *late; /* what came of that behind the host's turn; NULL: nothing */
    bool is_deferred;             /* in this round, until all others were tried */
    struct client_host_failure failure; /* in this round */
    /* The server there, see client_home_learn(). */
    uint64_t started; /* in seconds since 1970; 0: not known */
    uint64_t seen;    /* when it was last heard of, by its clock or else ours, likewise */
    char cluster[CLUSTER_ID_SIZE];
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
    struct client_host *hosts; /* NULL: see preset.h, when they are needed */
    size_t host_count;
    uint16_t port; /* 0: the same */
    enum ipclocker_family family;
    struct lock_demand demand;
    bool block;
    uint64_t hold_limit_s;
    int64_t keep_ms;
    uint32_t lost_after_s;
    int64_t wait_limit_ms; /* below 0: none */
    pid_t pid;
    uint64_t process_start; /* of pid; 0 until it is needed */
    bool is_elsewhere;      /* it is on another host; then these are of it, "" and 0 if not known */
    char *boot;
    uint64_t pid_namespace;
    char *hostname, *user; /* NULL: the default */
    char *job, *project;   /* NULL: from the environment; "": none */
    int priority;
    int64_t queue_most; /* how many to wait behind; below 0: any number */
    bool autounlock, session, destroy_unlock, verbose, inside, until_boot;
    bool has_tries; /* else: as many as what is asked is worth */
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
    char cluster[CLUSTER_ID_SIZE]; /* of home, see home.h; "": it stands alone */
    bool has_addresses;            /* the name of the server that answered has several */
    size_t silent_host;            /* the one that was left as it was silent, */
    int64_t silent_until_ms;       /* which is not tried again before then; 0: none is */
    bool at_home;                  /* no other one is to be asked, but for those of its cluster */
    bool is_hasty;                 /* one before the preferred one might just have been slow */
    bool told_foreign;             /* that one of another cluster was passed over */
    bool told_alone;               /* that two of the list share no state */
    bool told_second;              /* that one behind the first of the list serves */
};

/* A server that is tried or talked to. */
struct client_target {
    size_t host; /* of the list */
    union client_address address;
    bool has_others; /* the host has several addresses */
};

/* A round over all hosts, in which none was a server so far. */
struct client_round {
    struct client_target at; /* the one that is tried, or talked to */
    size_t host_step;        /* how many were tried in this round, */
    size_t host_count;       /* of so many */
    size_t first_host;       /* the others follow in the order of the list, */
    size_t left_out;         /* but for this one, or SIZE_MAX */
    union client_address addresses[CLIENT_ADDRESSES_MAX]; /* of the current host */
    size_t address_count, address_index;
    unsigned tries;    /* rounds that failed since the last success, */
    unsigned put_offs; /* beside those after which one comes back however often */
    bool is_put_off;   /* in this round a server has said that it cannot do it now */
    bool has_failures; /* see struct client_host */
    int failure_errno;
    enum client_failure_kind failure_kind; /* of the host that failed last */
    bool is_slow;                          /* somebody was waited for in vain */
    int64_t end_ms;                        /* when a request that does not wait has to be through */
    int64_t lookup_end_ms, lookup_began_ms;
    int64_t attempt_end_ms; /* for how long the current one may be tried, */
    int64_t next_ms;        /* and when the next one is to be tried besides */
};

/* Other servers that are connected to at the same time, see race.h. */
struct client_race {
    struct client_rival *rivals; /* the one that was begun first comes first; NULL: none yet */
    size_t count, room;
    int epoll_fd; /* -1: none */
    bool has_runner_up;
    struct client_target runner_up; /* see client_round_hold() */
};

/* What was told last of a server that is away, so that it is not told again and again. */
struct client_retell {
    bool is_away; /* the server that we wait or hold at */
    int64_t told_ms;
    char failures[320];
};

enum client_dialect { DIALECT_UNKNOWN, DIALECT_CLASSIC, DIALECT_2 };

/* What a connection has proven; see proof.h. */
struct client_proof {
    bool is_asked; /* how to */
    bool is_by_munge, is_by_grant, is_sealed;
    bool is_out; /* the server has said nothing yet behind a credential, which takes it a while */
    bool seals_urgent; /* what is done while a LOCK waits, too */
    size_t sealed_len; /* of what is to be sent, so much is sealed */
    struct siphash_key key;
    struct seal_chain chain;
};

/* A connection, or the lack of one. */
struct client_connection {
    int fd; /* -1: none */
    enum client_dialect dialect;
    struct buffer out;
    struct answer_parser parser;
    struct client_proof proof;
    bool awaits_version;           /* of the handshake: that answer is nobody's */
    bool receives_much;            /* a list, say: more than a line or two at once */
    char cluster[CLUSTER_ID_SIZE]; /* that the server says it is of; "": none, or not told yet */
};

/* Reports of deaths; where we wait at a classic server, on a connection of their own. */
struct client_death_report {
    int fd; /* -1: none is under way */
    struct buffer out;
    int64_t deadline_ms;
    bool is_news;         /* one was made since we asked for the lock */
    unsigned asked_again; /* how often we have, behind one */
};

enum client_phase {
    PHASE_IDLE,       /* nothing is under way; the connection may be open */
    PHASE_PAUSE,      /* until the next try */
    PHASE_RESOLVING,  /* the round's host */
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
    int64_t list_end_ms; /* when a list has to be there */
    bool reused;         /* the request went out on a connection that was open before */
    bool was_queued;
    bool is_patient; /* it may take as long as it takes once a server has it */
    bool holds;      /* no other server is left: it stays with the one that is silent */
};

/* A connection to a server that is silent, kept while others are tried: what it has read of us
 * keeps its place. */
struct client_aside {
    struct client_connection connection;
    struct client_target at;
    size_t host_step;
    enum client_phase phase;
};

/* A wait for a lock. */
struct client_wait {
    struct ipclocker_wait known;
    int64_t told_ms; /* when the server told who has the lock */
    bool notice_due;
    bool asked;       /* for news, which are to come */
    int64_t begun_ms; /* when this server put us into its queue */
    bool told_inside; /* since then, see inside.h */
};

/* Whether the server still answers that we hold at, see pulse.h. */
struct client_pulse {
    int64_t due_ms; /* when it is to be asked, or has to have answered; CLIENT_NEVER: it is not */
    bool is_asked;
};

/* What is held. */
struct client_grant {
    bool held;
    struct buffer names; /* with a NUL */
    uint64_t token;
    int64_t limit_ms; /* when its hold limit is over, by clock_now_ms(); CLIENT_NEVER for never */
    const char *lost; /* why it is held no more, a constant; NULL where we gave it back */
    bool given_back;  /* by another connection of the owner's */
    bool has_key;     /* to go on with it, see proof.h */
    struct siphash_key key;
};

/* What a server said of itself. */
struct client_server {
    char version[64];
    uint64_t started; /* in seconds since 1970 */
    int64_t clock_ms; /* when it said so, since 1970; 0: not told */
    unsigned protocol;
    bool knows_us; /* it has told who we are to it, when it was asked last */
    struct ipclocker_person us;
};

struct ipclocker {
    struct client_parameters set;
    const struct defaults *defaults; /* clients' files; NULL until they are needed */
    struct defaults *own_defaults;   /* the same, where nobody has lent them */
    char error[512];
    char default_user[3 * CLIENT_NAME_MAX];
    char *owner; /* what ipclocker_owner() has returned */

    struct client_place place;
    struct client_round round;
    struct client_race race;
    struct client_retell retell;
    struct client_connection connection;
    struct client_aside aside;
    struct client_death_report report;
    struct resolver *resolver; /* NULL until a name has to be resolved */

    struct client_call call;
    struct client_wait wait;
    struct buffer foreseen; /* what ipclocker_explain() says would be granted, with a NUL */
    struct client_grant grant;
    struct client_pulse pulse;
    struct client_server server;
};

#endif
