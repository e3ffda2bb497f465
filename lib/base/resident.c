/* Giving memory back before a long sleep.
 * Must not touch what was written and is needed yet. */
#include "resident.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_BYTES = 128 * 1024, RANGES_MAX = 8 };

static uintptr_t page_bytes(void)
{
    return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t page_of(uintptr_t address)
{
    return address & ~(page_bytes() - 1);
}

/* Where nothing is mapped below, the rest is done all the same. */
RESIDENT_LAST static void let_go(uintptr_t from, uintptr_t to)
{
    if (from < to)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

struct ranges {
    uintptr_t begin[RANGES_MAX], end[RANGES_MAX];
    size_t count;
};

/* The first is the program itself.  What can be written to holds what was written. */
static int find_code(struct dl_phdr_info *program, size_t size, void *context)
{
    struct ranges *found = context;

    (void)size;
    for (size_t i = 0; i < program->dlpi_phnum && found->count < RANGES_MAX; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        uintptr_t begin = program->dlpi_addr + part->p_vaddr;

        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0)
            continue;
        found->begin[found->count] = page_of(begin);
        found->end[found->count++] = page_of(begin + part->p_memsz);
    }
    return 1;
}

void resident_let_go(void)
{
    struct ranges code = {.count = 0};
    int saved_errno = errno;
    uintptr_t here = page_of((uintptr_t)__builtin_frame_address(0));

    /* Our own frame, and that of the call, have the page that is left. */
    let_go(here - STACK_BYTES, here - page_bytes());
    /* All at once at the end, as to look for it is to use it. */
    dl_iterate_phdr(find_code, &code);
    for (size_t i = 0; i < code.count; i++)
        let_go(code.begin[i], code.end[i]);
    errno = saved_errno;
}
