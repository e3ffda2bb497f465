/* Bytes, cut into lines.
 * Must not need more memory for a line that never ends. */
#include "lines.h"

#include <string.h>

static void add(struct lines *lines, const char *bytes, size_t len)
{
    size_t room = sizeof lines->text - lines->len, part = len < room ? len : room;

    memcpy(lines->text + lines->len, bytes, part);
    lines->len += part;
    lines->is_cut |= part < len;
}

static int pass_on(struct lines *lines)
{
    size_t len = lines->len;
    bool is_cut = lines->is_cut;

    lines->len = 0;
    lines->is_cut = false;
    return lines->take(lines->context, lines->text, len, is_cut);
}

int lines_feed(struct lines *lines, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end != NULL ? (size_t)(end - bytes) : len;

        add(lines, bytes, part);
        if (end == NULL)
            return 0;
        if (pass_on(lines) != 0)
            return -1;
        bytes = end + 1;
        len -= part + 1;
    }
    return 0;
}

int lines_end(struct lines *lines)
{
    return lines->len > 0 || lines->is_cut ? pass_on(lines) : 0;
}
