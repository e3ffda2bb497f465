/* The words of refusals.
 * Must not know who is refused, nor for what. */
#include "error_code.h"

#include <stddef.h>
#include <string.h>

static const char *const words[] = {
    [ERROR_CODE_LATER] = "later",
    [ERROR_CODE_LIMIT] = "limit",
    [ERROR_CODE_OWN] = "own",
    [ERROR_CODE_DENIED] = "denied",
    [ERROR_CODE_UNKNOWN] = "unknown",
    [ERROR_CODE_MALFORMED] = "malformed",
    [ERROR_CODE_NOT_OWNER] = "not-owner",
    [ERROR_CODE_PROOF_REQUIRED] = "proof-required",
    [ERROR_CODE_PROOF_INVALID] = "proof-invalid",
    [ERROR_CODE_PROOF_CLOCK] = "proof-clock",
    [ERROR_CODE_PROOF_LATER] = "proof-later",
    [ERROR_CODE_QUEUE] = "queue",
    [ERROR_CODE_CANCELLED] = "cancelled",
    [ERROR_CODE_REFUSED] = "refused",
};

const char *error_code_word(enum error_code code)
{
    return words[code];
}

enum error_code error_code_parse(const char *word)
{
    for (size_t i = ERROR_CODE_LATER; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum error_code)i;
    }
    return ERROR_CODE_REFUSED;
}

bool error_code_is_later(enum error_code code)
{
    return code == ERROR_CODE_LATER || code == ERROR_CODE_PROOF_LATER;
}
