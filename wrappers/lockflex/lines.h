/* Bytes, cut into lines that are not longer than anybody needs. */
#ifndef FARMLOCK_LOCKFLEX_LINES_H
#define FARMLOCK_LOCKFLEX_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINES_LENGTH_MAX = 4096 };

/* Takes a line without its newline; of one that is longer than LINES_LENGTH_MAX, its beginning, and
 * `is_cut`.  Returns 0, or -1 with errno to end it. */
typedef int lines_take_fn(void *context, const char *line, size_t len, bool is_cut);

/* All zero but for the first two. */
struct lines {
    lines_take_fn *take;
    void *context;
    size_t len; /* of the line so far */
    bool is_cut;
    char text[LINES_LENGTH_MAX];
};

/* Takes the next bytes.  Returns 0, or what take() returned. */
int lines_feed(struct lines *lines, const char *bytes, size_t len);

/* To be called at the end: the last line may have no newline. */
int lines_end(struct lines *lines);

#endif
