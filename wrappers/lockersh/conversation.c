/* Puts lines together from the pieces that they are sent and received in.
 * Must not keep more of a line than is shown. */
#include "conversation.h"

#include <string.h>

#include "cli/message.h"

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

    /* It may be another connection by now. */
    show_begun(self, sent ? &self->received : &self->sent);
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

        add(line, bytes, (size_t)((newline != NULL ? newline : end) - bytes));
        if (newline == NULL)
            return;
        show(self, line, "");
        bytes = newline + 1;
    }
}

void conversation_end(struct conversation *conversation)
{
    show_begun(conversation, &conversation->sent);
    show_begun(conversation, &conversation->received);
}
