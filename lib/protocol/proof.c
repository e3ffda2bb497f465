/* The words for how it is known who somebody is.
 * Must not prove anything. */
#include "proof.h"

#include <string.h>

static const char *const words[] = {
    [PROOF_CLAIMED] = "claimed",
    [PROOF_SOCKET] = "socket",
    [PROOF_MUNGE] = "munge",
};

const char *proof_word(size_t proof)
{
    return words[proof < sizeof words / sizeof *words ? proof : PROOF_CLAIMED];
}

enum proof proof_parse(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum proof)i;
    }
    return PROOF_CLAIMED;
}
