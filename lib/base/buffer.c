/* Byte queues.
 * Must not format through stdio: replies are built here a thousand times a millisecond. */
#include "buffer.h"

#include <stdlib.h>

#include "number.h"

enum { SMALLEST = 128, STEEP_UP_TO = 64 * 1024 };

void buffer_fini(struct buffer *buffer)
{
    if (buffer->data != NULL)
        free(buffer->data - buffer->start);
    *buffer = (struct buffer){0};
}

/* Replies to many pipelined commands are built in few steps, and a long list needs at most twice
 * its own memory. */
static size_t bigger(size_t size)
{
    if (size < SMALLEST)
        return SMALLEST;
    return size < STEEP_UP_TO ? 4 * size : 2 * size;
}

/* Makes what is used up at the front free at the end. */
static void move_to_front(struct buffer *buffer, char *memory)
{
    if (memory != NULL && buffer->start > 0)
        memmove(memory, buffer->data, buffer->len);
    buffer->start = 0;
    buffer->data = memory;
}

bool buffer_grow(struct buffer *buffer, size_t len)
{
    char *memory = buffer->data != NULL ? buffer->data - buffer->start : NULL;
    size_t size = buffer->size;

    if (buffer->failed)
        return false;
    move_to_front(buffer, memory);
    while (size - buffer->len < len && size <= SIZE_MAX / 8)
        size = bigger(size);
    if (size == buffer->size)
        return true;
    memory = size <= UINT32_MAX && size - buffer->len >= len ? realloc(memory, size) : NULL;
    if (memory == NULL) {
        buffer->failed = true;
        buffer->size = buffer->len; /* nothing more finds room */
        return false;
    }
    buffer->data = memory;
    buffer->size = (uint32_t)size;
    return true;
}

void buffer_add_number(struct buffer *buffer, uint64_t number)
{
    char digits[NUMBER_TEXT_SIZE];
    const char *end = number_format(digits, number);

    buffer_add(buffer, digits, (size_t)(end - digits));
}

void buffer_drop(struct buffer *buffer, size_t len)
{
    if (len >= buffer->len && (buffer->size > SMALLEST || buffer->failed)) {
        buffer_fini(buffer);
        return;
    }
    if (len > buffer->len)
        len = buffer->len;
    buffer->len -= (uint32_t)len;
    if (buffer->len > 0) {
        buffer->data += len;
        buffer->start += (uint32_t)len;
    } else if (buffer->data != NULL) {
        buffer->data -= buffer->start;
        buffer->start = 0;
    }
}
