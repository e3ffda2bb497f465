/* The processes that are watched for claims: one owner each, however many claims it has. */
#ifndef FARMLOCK_SERVER_OWNER_H
#define FARMLOCK_SERVER_OWNER_H

#include "server.h"

enum owner_method {
    OWNER_UNWATCHED,
    OWNER_BY_DESCRIPTOR, /* `ended` */
    OWNER_BY_LOOKS,      /* `unseen` */
    OWNER_BY_QUESTION,   /* `question` */
};

/* A process, watched once for all of its claims.  It goes with the last of them.
 *
 * Where its client did not tell when it started, a process is a bare pid until its pidstatd has
 * answered.  An answer speaks of a moment behind its question only, and the pid may have been
 * another process's before.  So such a claim shares a question that was not asked yet, or has its
 * own, and joins the others of its process when the answer shows which one that is. */
struct owner {
    struct tree_node node; /* in server->owners, if it is filed */
    struct claim_list claims;
    union {
        struct event *ended;
        struct asker_question *question;
        TAILQ_ENTRY(owner) unseen;
    };
    const char *host; /* "" where not known */
    uint64_t start, pid_namespace;
    uint64_t boot; /* its hash; 0 where not known */
    pid_t pid;
    unsigned char method; /* enum owner_method */
    bool answered;        /* the start was told, or a pidstatd has answered */
    bool filed, ending;
    bool told_of_container; /* that its pidstatd is in one */
    char host_text[];
};

/* The order of server->owners: by all that tells one process from another. */
int owner_compare(const struct tree_node *a, const struct tree_node *b);

/* What the request says of its process.  Its host is the request's. */
struct owner owner_of_request(const struct ipclocker_server *server,
                              const struct lock_request *request);

/* For `boot`; 0 for NULL. */
uint64_t owner_hash_boot(const struct ipclocker_server *server, const char *boot);

/* The server of an owner that has a claim. */
struct ipclocker_server *owner_server(const struct owner *owner);

/* Makes one that is neither filed nor watched, of what another one says.  NULL when there is no
 * memory. */
struct owner *owner_create(const struct owner *like);

/* Frees one that is neither filed nor watched. */
void owner_destroy(struct owner *owner);

void owner_add_claim(struct owner *owner, struct claim *claim);

/* The one that is filed under what `probe` says, or NULL. */
struct owner *owner_find(const struct ipclocker_server *server, const struct owner *probe);

/* Owners that are alike cannot both be filed. */
void owner_file(struct ipclocker_server *server, struct owner *owner);
void owner_unfile(struct ipclocker_server *server, struct owner *owner);

/* Files it under what has become known of it, or hands its claims to the one that is there: then
 * it has none any more.  It must not be filed. */
void owner_file_or_merge(struct ipclocker_server *server, struct owner *owner);

/* Its process has ended, which is proven: ends what it waits for, then gives back what it holds, so
 * that nothing of it is granted to itself.  It has no claims any more. */
void owner_end_claims(struct owner *owner);

#endif
