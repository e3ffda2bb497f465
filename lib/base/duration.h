/* Lengths of time, for people. */
#ifndef FARMLOCK_BASE_DURATION_H
#define FARMLOCK_BASE_DURATION_H

#include <stdint.h>

enum duration_form {
    DURATION_WORDS, /* "45 s", "3 min 20 s", "2 h 5 min", "4 d 0 h" */
    DURATION_SHORT, /* "45s", "3m20s", "2h05m", "4d00h", for columns */
};

enum { DURATION_TEXT_SIZE = 48 };

/* Writes a time of 0 or more seconds in its two largest units, cut off below them. */
void duration_format(char out[DURATION_TEXT_SIZE], int64_t seconds, enum duration_form form);

#endif
