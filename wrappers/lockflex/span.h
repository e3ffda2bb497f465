/* A piece of somebody's text. */
#ifndef FARMLOCK_LOCKFLEX_SPAN_H
#define FARMLOCK_LOCKFLEX_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not ended by a NUL, and not its owner. */
struct span {
    const char *at;
    size_t len;
};

/* How many licenses one line may speak of: more is a slip, or meant to do harm. */
enum { SPAN_COUNT_MAX = 1000000 };

/* Takes blanks off the front, and at both ends. */
struct span span_skip_blanks(struct span text);
struct span span_trim(struct span text);

/* Takes the first word off *text, which then begins behind it; empty when there is none. */
struct span span_word(struct span *text);

/* Takes a prefix off *text, or leaves it and returns false. */
bool span_take(struct span *text, const char *prefix);

/* Takes a number of at most SPAN_COUNT_MAX off *text, or leaves it and returns false. */
bool span_take_count(struct span *text, uint32_t *count);

/* Where the last `mark` in a text begins; NULL where there is none. */
const char *span_find_last(struct span text, const char *mark);

/* What stands in a text before, and from, a place in it. */
struct span span_before(struct span text, const char *place);
struct span span_from(struct span text, const char *place);

#endif
