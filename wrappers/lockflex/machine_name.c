/* Host names as programs tell them of one and the same machine.
 * Must not ask a name server: that may take longer than everything else here. */
#include "machine_name.h"

#include <ctype.h>
#include <string.h>

static bool is_address(struct span host)
{
    size_t i = 0;

    if (memchr(host.at, ':', host.len) != NULL)
        return true;
    while (i < host.len && (host.at[i] == '.' || isdigit((unsigned char)host.at[i])))
        i++;
    return i == host.len;
}

char *machine_name_key(struct span host)
{
    const char *dot = host.len > 0 ? memchr(host.at, '.', host.len) : NULL;
    char *key;

    if (dot != NULL && dot != host.at && !is_address(host))
        host = span_before(host, dot);
    key = strndup(host.at, host.len);
    for (size_t i = 0; key != NULL && key[i] != '\0'; i++)
        key[i] = (char)tolower((unsigned char)key[i]);
    return key;
}
