/* Names of hosts, as different programs write them.
 * Must not ask a name service. */
#include "host_name.h"

#include <string.h>
#include <strings.h>

bool host_name_is_alike(const char *a, const char *b)
{
    size_t label = strcspn(a, ".");

    if (label == 0 || label != strcspn(b, ".") || strncasecmp(a, b, label) != 0)
        return false;
    return a[label] == '\0' || b[label] == '\0' || strcasecmp(a + label, b + label) == 0;
}

bool host_name_is_among(const char *const *names, size_t count, const char *host)
{
    for (size_t i = 0; i < count && host != NULL; i++) {
        if (host_name_is_alike(names[i], host))
            return true;
    }
    return false;
}
