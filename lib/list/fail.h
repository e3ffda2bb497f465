/* Saying why something in a list cannot be read. */
#ifndef FARMLOCK_LIST_FAIL_H
#define FARMLOCK_LIST_FAIL_H

#include <errno.h>

/* Sets errno, and returns -1. */
static inline int list_fail(int number)
{
    errno = number;
    return -1;
}

#endif
