/* Random numbers from the kernel. */
#ifndef FARMLOCK_BASE_RANDOM_H
#define FARMLOCK_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `len` bytes, at most 256, that nobody can foresee; poor ones on a kernel before 3.17.  May
 * block only early in the boot.
 */
void random_fill(void *out, size_t len);

/* A number of such bytes. */
uint64_t random_u64(void);

#endif
