/* What is in a list, entry by entry: the text of listing.h's lists. */
#ifndef FARMLOCK_SERVER_LISTING_TEXT_H
#define FARMLOCK_SERVER_LISTING_TEXT_H

#include "listing.h"

struct lock_json;

/* A text in the making, and how far it has come: by name and ticket, as what it saw last may have
 * gone when it goes on.  All zero but for its question is one that was not begun. */
struct listing_text {
    struct listing_question question;
    struct buffer lines;
    struct lock_json *json; /* of JSON, until it is whole */
    enum {
        LISTING_NEW,
        LISTING_HELD,
        LISTING_WAITERS,
        LISTING_AT_POOLS,
        LISTING_WHOLE,
        LISTING_FAILED
    } at;
    char name[256];
    uint64_t held_ticket; /* of who holds that, as several may */
    uint64_t ticket;
    size_t pool;
    char *bytes; /* when it is whole; in `lines`, or of its own for JSON */
    size_t len;
    size_t dropped; /* of these: see listing_text_shrink() */
};

/* Whether a list of that kind is JSON: its length is said first. */
static inline bool listing_text_is_json(enum listing_kind kind)
{
    return kind == LISTING_JSON || kind == LISTING_POOLS;
}

/* Goes on until it is whole, has failed for want of memory, or the monotonic clock says `until_us`.
 * One entry is written in any case. */
void listing_text_write(struct listing_text *text, struct ipclocker_server *server,
                        int64_t until_us);

/* Ends it where it is, whole or not: it is not to be said to anybody. */
void listing_text_break_off(struct listing_text *text);

/* Gives the memory of one that is not said any more back to the system, until the monotonic clock
 * says `until_us`.  Returns whether so much of it is gone that the rest can be freed at once. */
bool listing_text_shrink(struct listing_text *text, int64_t until_us);

/* Frees what it has. */
void listing_text_fini(struct listing_text *text);

#endif
