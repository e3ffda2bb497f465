/* Which commands need a seal behind a proof, see "Proofs" in lockerd-protocol(7). */
#ifndef FARMLOCK_PROTOCOL_SEALED_H
#define FARMLOCK_PROTOCOL_SEALED_H

#include <stddef.h>

enum sealed {
    SEALED_NOT,    /* it changes nothing, or is no command */
    SEALED_URGENT, /* it is done while a LOCK waits; only a server that says `urgent` takes the seal
                      then, and one without is passed over there */
    SEALED_ALWAYS, /* one without ends the connection */
};

/* What holds for a word of `len` bytes. */
enum sealed sealed_word(const char *word, size_t len);

#endif
