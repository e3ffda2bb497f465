/* The end of what a child has said, for an error message. */
#ifndef FARMLOCK_SCHEDULER_HEARING_H
#define FARMLOCK_SCHEDULER_HEARING_H

#include <stddef.h>

/* All zero has heard nothing. */
struct hearing {
    char text[1024];
    size_t len;
};

/* Keeps the last bytes. */
void hearing_add(struct hearing *hearing, const char *bytes, size_t len);

/* Writes the last line that is not empty, harmless for a terminal and without what a scheduler's
 * library or command puts first; "" when nothing was said.
 */
void hearing_last_line(struct hearing *hearing, char *out, size_t out_size);

#endif
