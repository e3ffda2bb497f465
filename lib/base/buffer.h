/* A byte queue that grows to 2 GiB at most: bytes go in behind, and come out in front. */
#ifndef FARMLOCK_BASE_BUFFER_H
#define FARMLOCK_BASE_BUFFER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All zero is an empty buffer, which owns no memory. */
struct buffer {
    char *data;     /* the first byte; NULL when it has no memory */
    uint32_t len;   /* bytes in it */
    uint32_t start; /* bytes before data that are used up */
    uint32_t size;  /* of the memory behind it */
    bool failed;    /* an append found no memory; it and all later ones did nothing */
};

/* Frees the memory; the buffer is empty then, and not failed. */
void buffer_fini(struct buffer *buffer);

/* Makes room for `len` more bytes, which are not 0.  Returns false when there is no memory, or was
 * none before. */
bool buffer_grow(struct buffer *buffer, size_t len);

/* Makes the buffer `len` bytes longer, not 0, which the caller fills in at once: for what is put
 * together of several pieces.  Returns where they are, or NULL as when an append fails. */
static inline char *buffer_extend(struct buffer *buffer, size_t len)
{
    uint32_t end = buffer->len;

    if (buffer->size - buffer->start - end < len && !buffer_grow(buffer, len))
        return NULL;
    assert(buffer->data != NULL);
    buffer->len = end + (uint32_t)len;
    return buffer->data + end;
}

/* Add bytes, a string, or a number in decimal, at the end.  A failure is kept in `failed`, so that
 * a reply can be built without looking at each step.  Inline, as replies are built of short
 * constants, which the compiler then copies without a call.
 */
static inline void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
    char *at = len > 0 ? buffer_extend(buffer, len) : NULL;

    if (at != NULL)
        memcpy(at, data, len);
}

static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_number(struct buffer *buffer, uint64_t number);

/* Takes `len` bytes, at most what there is, off the front.  A buffer that is empty then keeps a
 * little memory for the next bytes, and no more.
 */
void buffer_drop(struct buffer *buffer, size_t len);

#endif
