/* The processes that are watched for claims: one owner each, however many claims it has. */
#ifndef FARMLOCK_SERVER_OWNER_PROCESS_H
#define FARMLOCK_SERVER_OWNER_PROCESS_H

#include "server.h"

enum owner_process_method {
    OWNER_PROCESS_UNWATCHED,
    OWNER_PROCESS_BY_DESCRIPTOR, /* `ended` */
    OWNER_PROCESS_BY_LOOKS,      /* `unseen` */
    OWNER_PROCESS_BY_QUESTION,   /* `question` */
    OWNER_PROCESS_BY_SEARCH,     /* `search` */
};

/* A process, watched once for all of its claims.  It goes with the last of them.
 *
 * Where its client did not tell when it started, a process is a bare pid until its pidstatd has
 * answered.  An answer speaks of a moment behind its question only, and the pid may have been
 * another process's before.  So such a claim shares a question that was not asked yet, or has its
 * own, and joins the others of its process when the answer shows which one that is. */
struct owner_process {
    struct tree_node node;           /* in server->owners, if it is filed */
    struct claim_list waits, grants; /* its claims, by what their requests do */
    union {
        struct event *ended;
        struct asker_question *question;
        struct finder_search *search;
        TAILQ_ENTRY(owner_process) unseen;
        struct {
            TAILQ_ENTRY(owner_process) in_ending;
            struct claim_list absent; /* of its claims too: they wait, and end */
        };                            /* if it is `ending` */
    };
    const char *host; /* "" where not known */
    uint64_t start, pid_namespace;
    uint64_t boot;    /* its hash; 0 where not known */
    int64_t heard_ms; /* when its host has last answered, see silence.h; 0: never */
    pid_t pid;
    pid_t outside;        /* of one in a container of this host, where it was found; else 0 */
    unsigned char method; /* enum owner_process_method */
    unsigned char step;   /* enum owner_end_step, if it is `ending` */
    bool answered;        /* the start was told, or a pidstatd has answered */
    bool filed;
    bool ending;         /* the process has ended, see owner_end.h */
    bool is_silent;      /* its host has not answered since */
    bool is_like_others; /* `outside` may be another process that is like it */
    bool told_of_daemon; /* that its pidstatd is in a container, or a classic one */
    char host_text[];
};

/* The order of server->owners: by all that tells one process from another. */
int owner_process_compare(const struct tree_node *a, const struct tree_node *b);

/* What the request says of its process.  Its host is the request's. */
struct owner_process owner_process_of_request(const struct ipclocker_server *server,
                                              const struct lock_request *request);

/* For `boot`; 0 for NULL. */
uint64_t owner_process_hash_boot(const struct ipclocker_server *server, const char *boot);

/* One of its claims, of what it holds if it holds anything; NULL where it has none. */
struct claim *owner_process_any_claim(const struct owner_process *owner);

/* The server of an owner that has a claim. */
struct ipclocker_server *owner_process_server(const struct owner_process *owner);

/* Makes one that is neither filed nor watched, of what another one says.  NULL when there is no
 * memory. */
struct owner_process *owner_process_create(const struct owner_process *like);

/* Frees one that is neither filed nor watched. */
void owner_process_destroy(struct owner_process *owner);

/* Of one that is ending, its waits end before anything that others give back. */
void owner_process_add_claim(struct owner_process *owner, struct claim *claim);

/* The claim's request waits no more, but holds. */
void owner_process_note_grant(struct claim *claim);

/* The one that is filed under what `probe` says, or NULL. */
struct owner_process *owner_process_find(const struct ipclocker_server *server,
                                         const struct owner_process *probe);

/* Owners that are alike cannot both be filed. */
void owner_process_file(struct ipclocker_server *server, struct owner_process *owner);
void owner_process_unfile(struct ipclocker_server *server, struct owner_process *owner);

/* One that is ending has another step next, behind all others that have. */
void owner_process_set_step(struct ipclocker_server *server, struct owner_process *owner,
                            enum owner_end_step step);

/* Files it under what has become known of it, or hands its claims to the one that is there: then
 * it has none any more.  It must not be filed. */
void owner_process_file_or_merge(struct ipclocker_server *server, struct owner_process *owner);

#endif
