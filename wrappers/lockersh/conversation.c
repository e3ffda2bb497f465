/* Puts lines together from the pieces that they are sent and received in.
 * Must not keep more of a line than is shown. */
#include "conversation.h"

#include <string.h>

#include "base/clock.h"
#include "cli/message.h"

enum { PATIENCE_MS = 1000 };

static void show(struct conversation *self, struct conversation_line *line, const char *note)
{
    char sign = line == &self->sent ? '>' : '<';

    progress_clear(self->progress);
    if (line->len <= CONVERSATION_SHOWN && note[0] == '\0')
        cli_error("lockersh", 0, "%c %.*s", sign, (int)line->len, line->text);
    else
        cli_error("lockersh", 0, "%c %.*s... (%zu bytes%s)", sign,
                  (int)(line->len < CONVERSATION_SHOWN ? line->len : CONVERSATION_SHOWN),
                  line->text, line->len, note);
    line->len = 0;
}

static void show_begun(struct conversation *self, struct conversation_line *line)
{
    if (line->len > 0)
        show(self, line, ", so far");
}

/* Nothing more comes of it. */
static void show_all_begun(struct conversation *self)
{
    show_begun(self, &self->sent);
    show_begun(self, &self->received);
}

static void add(struct conversation_line *line, const char *bytes, size_t len)
{
    size_t room = line->len < CONVERSATION_SHOWN ? CONVERSATION_SHOWN - line->len : 0;

    memcpy(line->text + CONVERSATION_SHOWN - room, bytes, len < room ? len : room);
    line->len += len;
}

void conversation_trace(void *conversation, bool sent, const char *bytes, size_t len)
{
    struct conversation *self = conversation;
    struct conversation_line *line = sent ? &self->sent : &self->received;
    const char *end = bytes + len;

    if (len == 0) {
        show_all_begun(self);
        return;
    }
    show_begun(self, sent ? &self->received : &self->sent);
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

        add(line, bytes, (size_t)((newline != NULL ? newline : end) - bytes));
        if (newline == NULL) {
            self->last_ms = clock_now_ms();
            return;
        }
        show(self, line, "");
        bytes = newline + 1;
    }
}

int conversation_update(struct conversation *self)
{
    int64_t left_ms;

    if (self->sent.len == 0 && self->received.len == 0)
        return -1;
    left_ms = self->last_ms + PATIENCE_MS - clock_now_ms();
    if (left_ms > 0)
        return (int)left_ms;
    show_all_begun(self);
    return -1;
}
