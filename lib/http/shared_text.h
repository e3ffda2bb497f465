/* A text that is sent to any number of visitors, and kept until the last of them has it.
 *
 * One thread makes it, another counts who needs it; what it is made of may have to go back to the
 * first: release() decides, and may be called in either.
 */
#ifndef FARMLOCK_HTTP_SHARED_TEXT_H
#define FARMLOCK_HTTP_SHARED_TEXT_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/buffer.h"

enum { SHARED_TEXT_TAG_SIZE = 64 };

struct shared_text {
    atomic_uint users;
    const char *bytes;
    size_t len;
    char tag[SHARED_TEXT_TAG_SIZE]; /* what makes it that version, for an ETag; "": nothing does */
    void (*release)(struct shared_text *text); /* nobody needs it any more */
    void *context;                             /* the maker's */
    STAILQ_ENTRY(shared_text) returned;        /* likewise */
};

/* Makes one of what a buffer has, which is empty then; it has one user.  NULL with errno ENOMEM,
 * also where the buffer had failed. */
struct shared_text *shared_text_take(struct buffer *buffer);

/* Makes one of a line, without its newline.  NULL with errno ENOMEM. */
struct shared_text *shared_text_of_line(const char *line);

/* Makes a copy of one, of which there are `*count` then, and one less when nobody needs it. */
struct shared_text *shared_text_copy(const struct shared_text *text, atomic_uint *count);

struct shared_text *shared_text_keep(struct shared_text *text);

/* One user less.  NULL is allowed. */
void shared_text_drop(struct shared_text *text);

#endif
