/* Lists and history for who is no client: asked for in the server's loop, answered there, at once
 * or later, and never waited for.
 *
 * An onlooker is nobody in particular: where owners are told to themselves only (--private), it
 * sees "-" in their place.
 */
#ifndef FARMLOCK_SERVER_ONLOOKER_H
#define FARMLOCK_SERVER_ONLOOKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/store.h"

struct ipclocker_server;
struct listing;

/* Who waits for the JSON list, or has it. */
struct onlooker {
    /* Has it now: `bytes` stay until onlooker_let_go(); NULL: there was no memory. */
    void (*on_list)(struct onlooker *onlooker, const char *bytes, size_t len);
    void *context;
    uint64_t version; /* of the list, see onlooker_version() */
    uint64_t mark;    /* it is not to be told before onlooker_is_safe() says so of that */

    struct listing *listing; /* the server's own, like the next */
    TAILQ_ENTRY(onlooker) of_listing;
};

/* Changes whenever the list does, but for times that go on. */
uint64_t onlooker_version(const struct ipclocker_server *server);

/* Why the list cannot be told, as another server leads, a line that is valid until the server's
 * loop goes on; NULL while it can. */
const char *onlooker_stands_by(const struct ipclocker_server *server);

/* Asks for the list, by one who does not wait and has none.  Returns 0, or -1 with errno ENOMEM. */
int onlooker_ask_list(struct ipclocker_server *server, struct onlooker *onlooker);

/* Waits no more, or needs the list no more.  Does nothing to one who has none. */
void onlooker_let_go(struct onlooker *onlooker);

/* What is true now is safe as soon as this mark is; whether that is so: no crash can undo it. */
uint64_t onlooker_mark(const struct ipclocker_server *server);
bool onlooker_is_safe(const struct ipclocker_server *server, uint64_t mark);

/* Has a function called whenever more has become safe, or has been lost with what was not. */
void onlooker_set_safe(struct ipclocker_server *server, void (*on_safe)(void *context, bool lost),
                       void *context);

/* Who has asked for a part of the history. */
struct onlooker_of_past {
    /* The answer, which the server frees behind this; NULL: it cannot be had. */
    void (*on_answer)(struct onlooker_of_past *onlooker, struct store_query *answer);
    void *context;

    struct store_query *query; /* the server's own, like the next; NULL: none is asked */
    LIST_ENTRY(onlooker_of_past) all;
};

/* Asks; takes the query, of which it sets context and view.  Returns -1 where no history is kept,
 * and the query is the caller's still. */
int onlooker_ask_past(struct ipclocker_server *server, struct onlooker_of_past *onlooker,
                      struct store_query *query);

/* Waits no more. */
void onlooker_forget_past(struct onlooker_of_past *onlooker);

/* The time of the server's line, milliseconds since 1970, and when it was started. */
int64_t onlooker_now_ms(const struct ipclocker_server *server);
int64_t onlooker_started_ms(const struct ipclocker_server *server);

/* Whether it sees owners as "-". */
bool onlooker_sees_nobody(const struct ipclocker_server *server);

#endif
