/* The end of what a child has said, for an error message.
 * Must not keep more than that: a child may say anything. */
#include "hearing.h"

#include <string.h>

#include "base/text.h"

void hearing_add(struct hearing *hearing, const char *bytes, size_t len)
{
    size_t room = sizeof hearing->text - 1;

    if (len > room) {
        bytes += len - room;
        len = room;
    }
    if (hearing->len + len > room) {
        size_t surplus = hearing->len + len - room;

        memmove(hearing->text, hearing->text + surplus, hearing->len - surplus);
        hearing->len -= surplus;
    }
    memcpy(hearing->text + hearing->len, bytes, len);
    hearing->len += len;
    hearing->text[hearing->len] = '\0';
}

void hearing_last_line(struct hearing *hearing, char *out, size_t out_size)
{
    static const char *const marks[] = {": error: ", ": fatal: ", "error: "};
    char *line, *found;

    while (hearing->len > 0 && hearing->text[hearing->len - 1] == '\n')
        hearing->text[--hearing->len] = '\0';
    line = strrchr(hearing->text, '\n');
    line = line != NULL ? line + 1 : hearing->text;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        found = strstr(line, marks[i]);
        if (found != NULL)
            line = found + strlen(marks[i]);
    }
    text_clean(out, out_size, line, strlen(line));
}
