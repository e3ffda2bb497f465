/* Small files that the kernel writes as they are read (proc(5)). */
#ifndef FARMLOCK_PROCESS_PROC_FILE_H
#define FARMLOCK_PROCESS_PROC_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads a file, such as "/proc/1/cgroup", into `buf`, cut to what fits, and ends it with a NUL.
 * Returns its length, or -1 with errno from open(2).
 */
ssize_t proc_file_read(const char *path, char *buf, size_t size);

#endif
