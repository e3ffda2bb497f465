/* How like two words are: for "did you mean". */
#ifndef FARMLOCK_BASE_LIKENESS_H
#define FARMLOCK_BASE_LIKENESS_H

#include <stddef.h>

/* Longer words are like nothing. */
enum { LIKENESS_LEN_MAX = 47 };

/* How many letters have to be changed, put in, left out or exchanged with the next to make one word
 * of the other (optimal string alignment); SIZE_MAX where one is longer than LIKENESS_LEN_MAX. */
size_t likeness_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* The distance from which on a word of that length is no slip for the other: a third of its letters
 * may be wrong, and one letter alone is like nothing. */
size_t likeness_limit(size_t len);

#endif
