/* Texts with several users.
 * Must not know what is in them. */
#include "shared_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void release_own(struct shared_text *text)
{
    struct buffer *buffer = text->context;

    buffer_fini(buffer);
    free(buffer);
    free(text);
}

struct shared_text *shared_text_take(struct buffer *buffer)
{
    struct shared_text *text = calloc(1, sizeof *text);
    struct buffer *own = malloc(sizeof *own);

    if (text == NULL || own == NULL || buffer->failed) {
        free(text);
        free(own);
        buffer_fini(buffer);
        errno = ENOMEM;
        return NULL;
    }
    *own = *buffer;
    *buffer = (struct buffer){0};
    atomic_init(&text->users, 1);
    text->bytes = own->data;
    text->len = own->len;
    text->release = release_own;
    text->context = own;
    return text;
}

struct shared_text *shared_text_of_line(const char *line)
{
    struct buffer text = {0};

    buffer_add_text(&text, line);
    buffer_add_text(&text, "\n");
    return shared_text_take(&text);
}

static void release_copy(struct shared_text *text)
{
    atomic_fetch_sub((atomic_uint *)text->context, 1);
    free(text);
}

struct shared_text *shared_text_copy(const struct shared_text *text, atomic_uint *count)
{
    struct shared_text *copy = malloc(sizeof *copy + text->len);

    if (copy == NULL)
        return NULL;
    *copy = (struct shared_text){.bytes = (const char *)(copy + 1), .len = text->len};
    atomic_init(&copy->users, 1);
    memcpy(copy->tag, text->tag, sizeof copy->tag);
    memcpy(copy + 1, text->bytes, text->len);
    copy->release = release_copy;
    copy->context = count;
    atomic_fetch_add(count, 1);
    return copy;
}

struct shared_text *shared_text_keep(struct shared_text *text)
{
    atomic_fetch_add(&text->users, 1);
    return text;
}

void shared_text_drop(struct shared_text *text)
{
    if (text != NULL && atomic_fetch_sub(&text->users, 1) == 1)
        text->release(text);
}
