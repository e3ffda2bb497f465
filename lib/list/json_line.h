/* A JSON object on one line, written member by member to a growing text: for many small ones, for
 * which objects of a library cost too much.
 */
#ifndef FARMLOCK_LIST_JSON_LINE_H
#define FARMLOCK_LIST_JSON_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* An object in the making; a failure for want of memory shows in the buffer. */
struct json_line {
    struct buffer *out;
    bool has_members;
};

struct json_line json_line_begin(struct buffer *out);
void json_line_end(struct json_line *line);

/* Adds a member: `key` is the program's own, and needs no quoting.  A text is made harmless (see
 * base/text.h); null stands for NULL.  A number that is not known, 0 of these, is null, too, as is
 * a time, in milliseconds since 1970, which stands as base/rfc3339.h has it. */
void json_line_text(struct json_line *line, const char *key, const char *text);
void json_line_number(struct json_line *line, const char *key, uint64_t number);
void json_line_known(struct json_line *line, const char *key, uint64_t number);
void json_line_time(struct json_line *line, const char *key, int64_t time_ms);

/* Begins a member, whose value is then added to the text. */
void json_line_key(struct json_line *line, const char *key);

/* Adds a member in seconds with three decimals. */
void json_line_seconds(struct json_line *line, const char *key, int64_t ms);

/* Adds a member that is a list of texts: begins it, adds one, ends it. */
void json_line_begin_texts(struct json_line *line, const char *key);
void json_line_one_text(struct json_line *line, bool is_first, const char *text);
void json_line_end_texts(struct json_line *line);

#endif
