/* The history in a state file, for programs that report on it: read without opening a store, also
 * while a server uses the file, which it neither writes to nor keeps from being written.
 */
#ifndef FARMLOCK_STORE_READER_H
#define FARMLOCK_STORE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* What is to be read, and who is told. */
struct store_reader {
    const char *path;
    int64_t since_ms, until_ms; /* what ended at or after the first, and was asked for before the
                                 * second; since 1970 */

    /* Called for each entry, in any order.  A lock that is still held is an entry whose `ended_ms`
     * is 0.  The entry's strings live until it returns.  Returns -1 to give up, as there is no
     * memory; else 0.
     */
    int (*on_entry)(void *context, const struct store_history *entry);
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
