/* Byte queues.
 * Must not format through stdio: replies are built here a thousand times a millisecond. */
#include "buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 256 };

void buffer_fini(struct buffer *buffer)
{
    if (buffer->data != NULL)
        free(buffer->data - buffer->start);
    *buffer = (struct buffer){0};
}

/* Makes room for `len` more bytes behind the last one. */
static bool reserve(struct buffer *buffer, size_t len)
{
    char *memory = buffer->data != NULL ? buffer->data - buffer->start : NULL;
    size_t size = buffer->size < SMALLEST ? SMALLEST : buffer->size;

    if (buffer->size - buffer->start - buffer->len >= len)
        return true;
    if (len > SIZE_MAX / 4 - buffer->len)
        return false;
    if (memory != NULL)
        memmove(memory, buffer->data, buffer->len);
    buffer->start = 0;
    buffer->data = memory;
    while (size - buffer->len < len)
        size *= 2;
    if (size == buffer->size)
        return true;
    memory = realloc(memory, size);
    if (memory == NULL)
        return false;
    buffer->data = memory;
    buffer->size = size;
    return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
    if (len == 0)
        return;
    if (buffer->failed || !reserve(buffer, len)) {
        buffer->failed = true;
        return;
    }
    assert(buffer->data != NULL);
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(buffer, digits + at, sizeof digits - at);
}

void buffer_drop(struct buffer *buffer, size_t len)
{
    if (len >= buffer->len) {
        buffer_fini(buffer);
        return;
    }
    buffer->data += len;
    buffer->start += len;
    buffer->len -= len;
}
