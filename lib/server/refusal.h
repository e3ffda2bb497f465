/* Refusals: what a client is told that cannot have what it asked for.
 *
 * Each has a text for people and a code, which programs go by; a client of protocol 2 is told both.
 * No file makes an error line but this one, so that no text goes out without a code.
 */
#ifndef FARMLOCK_SERVER_REFUSAL_H
#define FARMLOCK_SERVER_REFUSAL_H

#include "base/buffer.h"

/* What a client should make of it; lockerd-protocol(7) says more. */
enum refusal_code {
    REFUSAL_LATER,     /* it cannot be done now: the same may be asked again after a pause */
    REFUSAL_LIMIT,     /* it is more than the server takes at all: less has to be asked for */
    REFUSAL_OWN,       /* what the owner has or waits for itself is in the way */
    REFUSAL_DENIED,    /* it may not be done by who asks */
    REFUSAL_MALFORMED, /* a line or a value cannot be understood, or makes no sense */
    REFUSAL_UNKNOWN,   /* what it names is not there, or not any more */
    REFUSAL_REFUSED,   /* anything else that is final */
};

struct refusal {
    enum refusal_code code;
    const char *text; /* one line; what went wrong and, as far as there is, what to do */
};

/* There is no memory for it: of use to every file. */
extern const struct refusal refusal_no_memory;

/* Adds the lines that tell of it, as a client of that protocol understands them. */
void refusal_add(struct buffer *out, const struct refusal *refusal, unsigned protocol);

#endif
