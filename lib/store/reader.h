/* The history in a state file, for programs that report on it: read without opening a store, also
 * while a server uses the file, which it neither writes to nor keeps from being written.
 */
#ifndef FARMLOCK_STORE_READER_H
#define FARMLOCK_STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* What of an entry is wanted beside what it is, its lock, token and times. */
enum store_only {
    STORE_ONLY_LOCK = 1, /* none of the others */
    STORE_ONLY_OWNER = 2,
    STORE_ONLY_HOST = 4,
    STORE_ONLY_JOB = 8,
    STORE_ONLY_POOL = 16,
    STORE_ONLY_PROJECT = 32,
};

/* What is to be read, and who is told. */
struct store_reader {
    const char *path;
    int64_t since_ms, until_ms; /* what ended at or after the first, and was asked for before the
                                 * second; since 1970 */

    /* Not NULL: what is held still comes first, and then what has ended, what ended last at first;
     * else it is the other way round.  Called when it turns out to have been written in another
     * order, as the clock was set back: all is told once more then, and takes its time. */
    void (*last_first)(void *context);

    /* 0: all that is known is told.  Bits of enum store_only: of what ended otherwise than by a
     * break the rest is not told, and the owner is "", which reads a long history in half the time.
     */
    unsigned int only;

    /* Called for each entry.  A lock that is still held is an entry whose `ended_ms` is 0.  The
     * entry's strings live until it returns.  Returns -1 to give up, as there is no memory; else 0.
     */
    int (*on_entry)(void *context, const struct store_history *entry);

    /* Called for each lock and seat that is out of use, behind all entries.  Returns as on_entry().
     * May be NULL. */
    int (*on_offline)(void *context, const struct store_unusable *unusable);
    void *context;
};

/* Reads the file as it is at one instant.  Blocks while it reads, and for some seconds at most
 * while a server keeps it locked.  Returns 0; or -1 with a line in `error` and errno:
 *
 *   ENOENT         there is no such file
 *   EINVAL         it is not a state file, or not one of this version
 *   EIO            it cannot be read, or on_entry() gave up
 *   ENAMETOOLONG, EACCES and others of stat(2) and access(2)
 */
int store_reader_read(const struct store_reader *reader, char *error, size_t error_size);

#endif
