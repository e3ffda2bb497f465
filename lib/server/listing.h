/* Lists of the whole table: LIST_JSON, LOCK_LIST, and what is held still at the end of HISTORY.
 *
 * A table may have a million locks, and nobody is to wait while somebody asks for them.  So a list
 * is written a slice a pass, each of which takes a few milliseconds at most; whoever asks before it
 * is begun, or for one that was written a moment ago and still is what the table says, has the same
 * text, of which each connection has only a small part in its output at a time.  A list that nobody
 * waits for any more is dropped.
 *
 * What fits a slice is the table at one instant.  Of a longer list each entry is true when it is
 * written: who is granted a lock meanwhile may stand in it twice, or not at all.
 */
#ifndef FARMLOCK_SERVER_LISTING_H
#define FARMLOCK_SERVER_LISTING_H

#include "onlooker.h"
#include "server.h"

enum listing_kind {
    LISTING_CLASSIC, /* lines of what is held */
    LISTING_JSON,
    LISTING_POOLS, /* JSON of pools only */
    LISTING_PAST,  /* what is held still and was asked for before a time, as lines of the history */
};

struct listing_question {
    enum listing_kind kind;
    struct store_view view; /* of who asks: a text is for those who have the same */
    int64_t until_ms;       /* of LISTING_PAST, like the next */
    bool tells_who;         /* see history_text_add_held() */
};

/* To be called when server->base is there, and before that ends. */
void listing_start(struct ipclocker_server *server);
void listing_stop(struct ipclocker_server *server);

/* Answers with a list, which begins now or later.  The connection is in state READING until all of
 * it is said.  Without memory it is closed. */
void listing_ask(struct conn *conn, const struct listing_question *question);

/* Adds what there is room for to the output of a connection; does nothing where there is no list,
 * or it is not whole yet.  Returns whether there is more to be said as soon as there is room.  The
 * state is OPEN again behind the end of the list. */
bool listing_say_more(struct conn *conn);

/* The connection goes away. */
void listing_forget(struct conn *conn);

/* The same for who is no client: it is told when the list is whole, and has it until it looks away.
 * Returns -1 with errno ENOMEM. */
int listing_look(struct ipclocker_server *server, struct onlooker *onlooker,
                 const struct listing_question *question);
void listing_look_away(struct onlooker *onlooker);

/* Writes for a few milliseconds, if there is anything to write. */
void listing_write_some(struct ipclocker_server *server);

#endif
