/* JSON objects, each on a line of its own.
 * Must not trust a string to be UTF-8. */
#include "json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/text.h"

struct json_line json_line_begin(struct buffer *out)
{
    buffer_add(out, "{", 1);
    return (struct json_line){.out = out};
}

void json_line_end(struct json_line *line)
{
    buffer_add(line->out, "}", 1);
}

void json_line_key(struct json_line *line, const char *key)
{
    if (line->has_members)
        buffer_add(line->out, ",", 1);
    line->has_members = true;
    buffer_add(line->out, "\"", 1);
    buffer_add_text(line->out, key);
    buffer_add(line->out, "\":", 2);
}

/* Control characters are none any more when it is clean. */
static void add_text(struct buffer *out, const char *text)
{
    char *clean = text_clean_dup(text), *at = clean;

    out->failed |= clean == NULL;
    buffer_add(out, "\"", 1);
    while (at != NULL && *at != '\0') {
        size_t plain = strcspn(at, "\"\\");

        buffer_add(out, at, plain);
        at += plain;
        if (*at != '\0') {
            buffer_add(out, "\\", 1);
            buffer_add(out, at++, 1);
        }
    }
    buffer_add(out, "\"", 1);
    free(clean);
}

void json_line_text(struct json_line *line, const char *key, const char *text)
{
    json_line_key(line, key);
    if (text != NULL)
        add_text(line->out, text);
    else
        buffer_add_text(line->out, "null");
}

void json_line_number(struct json_line *line, const char *key, uint64_t number)
{
    json_line_key(line, key);
    buffer_add_number(line->out, number);
}

void json_line_known(struct json_line *line, const char *key, uint64_t number)
{
    if (number != 0)
        json_line_number(line, key, number);
    else
        json_line_text(line, key, NULL);
}

void json_line_time(struct json_line *line, const char *key, int64_t time_ms)
{
    char text[RFC3339_SIZE];

    rfc3339_format(text, time_ms);
    json_line_text(line, key, time_ms > 0 ? text : NULL);
}

void json_line_seconds(struct json_line *line, const char *key, int64_t ms)
{
    char text[32];

    ms = ms > 0 ? ms : 0;
    snprintf(text, sizeof text, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
    json_line_key(line, key);
    buffer_add_text(line->out, text);
}

void json_line_begin_texts(struct json_line *line, const char *key)
{
    json_line_key(line, key);
    buffer_add(line->out, "[", 1);
}

void json_line_one_text(struct json_line *line, bool is_first, const char *text)
{
    if (!is_first)
        buffer_add(line->out, ",", 1);
    add_text(line->out, text);
}

void json_line_end_texts(struct json_line *line)
{
    buffer_add(line->out, "]", 1);
}
