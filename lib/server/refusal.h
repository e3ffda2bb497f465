/* Refusals: what a client is told that cannot have what it asked for.
 *
 * Each has a text for people and a code, which programs go by; a client of protocol 2 is told both.
 * No file makes an error line but this one, so that no text goes out without a code.
 */
#ifndef FARMLOCK_SERVER_REFUSAL_H
#define FARMLOCK_SERVER_REFUSAL_H

#include "base/buffer.h"
#include "protocol/error_code.h"

struct refusal {
    enum error_code code;
    const char *text; /* one line; what went wrong and, as far as there is, what to do */
};

/* There is no memory for it: of use to every file. */
extern const struct refusal refusal_no_memory;

/* Adds the lines that tell of it, as a client of that protocol understands them, and counts it by
 * its code. */
void refusal_add(struct buffer *out, const struct refusal *refusal, unsigned protocol,
                 uint64_t *counts);

#endif
