/* A byte queue that grows: bytes go in behind, and come out in front. */
#ifndef FARMLOCK_BUFFER_H
#define FARMLOCK_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty buffer, which owns no memory. */
struct buffer {
    char *data;   /* the first byte; NULL when it has no memory */
    size_t len;   /* bytes in it */
    size_t start; /* bytes before data that are used up */
    size_t size;  /* of the memory behind it */
    bool failed;  /* an append found no memory; it and all later ones did nothing */
};

/* Frees the memory; the buffer is empty then, and not failed. */
void buffer_fini(struct buffer *buffer);

/* Add bytes, a string, or a number in decimal, at the end.  A failure is kept in `failed`, so that
 * a reply can be built without looking at each step.
 */
void buffer_add(struct buffer *buffer, const void *data, size_t len);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_number(struct buffer *buffer, uint64_t number);

/* Takes `len` bytes, at most what there is, off the front.  An empty buffer frees its memory. */
void buffer_drop(struct buffer *buffer, size_t len);

#endif
