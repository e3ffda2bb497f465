/* Giving memory back before a long sleep.
 * Must not touch what was written and is needed yet. */
#include "resident.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_BYTES = 128 * 1024 };

void resident_let_go(void)
{
    int saved_errno = errno;
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(page_bytes - 1);

    /* Our own frame, and that of the call, have the page that is left.  Where nothing is mapped
     * below, the rest is done all the same. */
    (void)madvise((void *)(here - STACK_BYTES), STACK_BYTES - page_bytes, MADV_DONTNEED);
    errno = saved_errno;
}
