/* One request to a server, from finding the server to its last answer. */
#ifndef FARMLOCK_CLIENT_ENGINE_H
#define FARMLOCK_CLIENT_ENGINE_H

#include "client.h"

/* For a server's next word, where it has no reason to wait. */
enum { CLIENT_ANSWER_MS = 5000 };

/* Likewise while it has a credential checked: its munged may be busy, or hang. */
enum { CLIENT_PROOF_MS = 60000 };

/* For all of a list, however fast it comes. */
enum { CLIENT_LIST_MS = 60000 };

/* What to ask of a server, and what to make of the answers. */
struct client_operation {
    bool is_ours;    /* a classic server does not know it */
    bool has_demand; /* a classic server knows it where the demand is plain */
    bool never_ends; /* it goes on for as long as it takes, however many tries are set */
    bool at_home;    /* only the server that granted or queued can do it, held or not */
    bool asks_once;  /* it has passed on what came: it fails where the rest of it is lost */
    bool waits;      /* for as long as it takes once a server has it, if the handle's user does */
    bool goes_on;    /* the key of what is held proves us */
    bool is_behind;  /* nobody waits for it: another one takes its place */
    bool takes_list; /* which may take longer, CLIENT_LIST_MS at most */
    int answer_ms;   /* for the server's next word; 0: as long as it takes most servers */
    /* Writes the request to connection.out; again where a connection was lost.  Returns 0, or -1
     * with errno and error text. */
    int (*write)(struct ipclocker *lock);
    /* Takes one answer.  Returns 1 when the operation is done, 0 when more is to come, -1 with
     * errno and error text when it has failed. */
    int (*take)(struct ipclocker *lock, const struct answer *answer);
    /* Its time to look after the queue has come (call.phase_deadline_ms).  Returns false where the
     * server is to be left.  NULL: it never queues.
     */
    bool (*look)(struct ipclocker *lock);
    /* Takes back a request that the server may have, and disconnects.  NULL: need not be. */
    void (*give_up)(struct ipclocker *lock);
};

/* Begins an operation; go on with client_engine_step().  `argument` is the operation's own, and has
 * to stay until its end; a limit below 0 is none.  Returns 0, or -1
 * with errno and error text: EALREADY: a lock is being got; EINVAL: the environment names no
 * server.
 */
int client_engine_begin(struct ipclocker *lock, const struct client_operation *operation,
                        void *argument, int64_t limit_ms);

/* Goes on as far as possible without blocking: 1 done, 0 more to wait for, -1
 * failed with errno and error text. */
int client_engine_step(struct ipclocker *lock);

/* The server has said something, or was asked for more: it has time for its next word again. */
void client_engine_await_answer(struct ipclocker *lock);

/* Blocks until what is under way has ended: 0, or -1 when it failed. */
int client_engine_finish(struct ipclocker *lock);

/* Begins an operation and blocks until its end. */
int client_engine_run(struct ipclocker *lock, const struct client_operation *operation,
                      void *argument, int64_t limit_ms);

/* Drops what is under way, and leaves the connection as it is. */
void client_engine_abandon(struct ipclocker *lock);

/* Fails with what a status said in its error line, which must be there.  Returns -1 with EDEADLK
 * where the owner is in its own way, else EPROTO.
 */
int client_engine_refused(struct ipclocker *lock, const struct answer *answer);

/* For a word that an earlier server says nothing to, with VERSION behind it: whether the answer to
 * that has come.  Returns as `take` of a struct client_operation; -1 with ENOTSUP where the word
 * was not done, with what holds of such a server, "whose waits stay".
 */
int client_engine_version(struct ipclocker *lock, const struct answer *answer, bool is_done,
                          const char *what_holds);

#endif
