/* What servers that send no codes mean.
 * Must not be asked about a server that sends them. */
#include "older_server.h"

#include <stddef.h>
#include <string.h>

enum error_code older_server_code(const char *text)
{
    /* How it ended what it could not do then, and began what an owner was in its own way for. */
    static const char later[] = "try again later", own[] = "this owner ";
    size_t len = strlen(text);

    if (len >= sizeof later - 1 && strcmp(text + len - (sizeof later - 1), later) == 0)
        return ERROR_CODE_LATER;
    return strncmp(text, own, sizeof own - 1) == 0 ? ERROR_CODE_OWN : ERROR_CODE_REFUSED;
}
