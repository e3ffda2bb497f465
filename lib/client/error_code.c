/* Makes codes of what a server says of its refusals.
 * Must not look at the wording of a server that sends codes. */
#include "error_code.h"

#include <stddef.h>
#include <string.h>

enum error_code error_code_parse(const char *word)
{
    static const char *const words[] = {
        [ERROR_CODE_LATER] = "later",     [ERROR_CODE_LIMIT] = "limit",
        [ERROR_CODE_OWN] = "own",         [ERROR_CODE_DENIED] = "denied",
        [ERROR_CODE_UNKNOWN] = "unknown", [ERROR_CODE_MALFORMED] = "malformed",
    };

    for (size_t i = ERROR_CODE_LATER; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum error_code)i;
    }
    return ERROR_CODE_REFUSED;
}

enum error_code code_of_older_server(const char *text)
{
    /* How it ended what it could not do then, and began what an owner was in its own way for. */
    static const char later[] = "try again later", own[] = "this owner ";
    size_t len = strlen(text);

    if (len >= sizeof later - 1 && strcmp(text + len - (sizeof later - 1), later) == 0)
        return ERROR_CODE_LATER;
    return strncmp(text, own, sizeof own - 1) == 0 ? ERROR_CODE_OWN : ERROR_CODE_REFUSED;
}
