/* What a refusal means, as a word that does not change with its wording: the `error-code` of
 * lockerd-protocol(7), which says more of each.
 */
#ifndef FARMLOCK_PROTOCOL_ERROR_CODE_H
#define FARMLOCK_PROTOCOL_ERROR_CODE_H

#include <stdbool.h>

enum error_code {
    ERROR_CODE_NONE,      /* nothing was refused */
    ERROR_CODE_LATER,     /* it cannot be done now: the same may be asked again after a pause */
    ERROR_CODE_LIMIT,     /* it is more than the server takes at all: less has to be asked for */
    ERROR_CODE_OWN,       /* what the owner has or waits for itself is in the way */
    ERROR_CODE_DENIED,    /* it may not be done by who asks */
    ERROR_CODE_MALFORMED, /* a line or a value cannot be understood, or makes no sense */
    ERROR_CODE_UNKNOWN,   /* what it names is not there, or not any more */
    ERROR_CODE_NOT_OWNER, /* it is another user's or another process's */
    ERROR_CODE_PROOF_REQUIRED, /* nothing is changed for whom the server does not know */
    ERROR_CODE_PROOF_INVALID,  /* the proof, or the seal of a command, is not right */
    ERROR_CODE_PROOF_CLOCK,    /* the clocks of client and server are too far apart for it */
    ERROR_CODE_PROOF_LATER,    /* it cannot be checked now: it may be given again after a pause */
    ERROR_CODE_QUEUE,          /* more wait already than it would wait behind */
    ERROR_CODE_CANCELLED,      /* its wait was ended by somebody else */
    ERROR_CODE_REFUSED,        /* anything else that is final */
};

/* The word of a code other than ERROR_CODE_NONE; a constant. */
const char *error_code_word(enum error_code code);

/* The code that a word stands for.  One that is not known, of a later server, is final:
 * ERROR_CODE_REFUSED.
 */
enum error_code error_code_parse(const char *word);

/* Whether the same may be asked again after a pause. */
bool error_code_is_later(enum error_code code);

#endif
