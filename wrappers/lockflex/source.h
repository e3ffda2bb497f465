/* Where lists of what is in use come from. */
#ifndef FARMLOCK_LOCKFLEX_SOURCE_H
#define FARMLOCK_LOCKFLEX_SOURCE_H

#include <stdint.h>

#include "reading.h"

enum source_kind {
    SOURCE_SERVER,  /* a license server, by `lmutil lmstat -a -c TEXT` */
    SOURCE_FILE,    /* what that has written to a file; "-": standard input */
    SOURCE_COMMAND, /* a line for sh(1), which writes FEATURE USER HOST COUNT */
};

struct source {
    enum source_kind kind;
    const char *text;
};

/* Reads a source.  Whatever is amiss, how long it may take being one thing, is in `reading`, which
 * the caller ends with reading_fini().  Returns 0, or -1 with errno ENOMEM or EINTR
 * (stop_wanted()), without a reading.
 */
int source_read(const struct source *source, const char *lmutil, int64_t deadline_ms,
                const struct reading_terms *terms, struct reading *reading);

#endif
