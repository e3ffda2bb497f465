/* Parts of what is said of a wait. */
#ifndef FARMLOCK_LOCKERSH_WAIT_TEXT_H
#define FARMLOCK_LOCKERSH_WAIT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* " since 14:02:11 (3 min 20 s)" */
void wait_text_since(char *out, size_t size, int64_t held_ms);

#endif
