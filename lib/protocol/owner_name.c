/* Owners' names of the form HOST_PID_USER: making and reading them.
 * Must not know of the lock table, for clients have none. */
#include "owner_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void owner_name_format(char *out, size_t size, const char *host, uint64_t pid, uint64_t container,
                       const char *user)
{
    if (container == 0)
        snprintf(out, size, "%.*s_%" PRIu64 "_%s", OWNER_NAME_HOST_MAX, host, pid, user);
    else
        snprintf(out, size, "%.*s_%" PRIu64 ".%" PRIu64 "_%s", OWNER_NAME_HOST_MAX, host, pid,
                 container, user);
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* The length of "PID" or "PID.NAMESPACE" at the beginning of a text; 0 when there is none. */
static size_t process_len(const char *text)
{
    size_t len = count_digits(text);

    if (len > 0 && text[len] == '.' && count_digits(text + len + 1) > 0)
        len += 1 + count_digits(text + len + 1);
    return len;
}

const char *owner_name_user(const char *owner)
{
    /* A host name has no underscore, a login name may: the first number between two counts. */
    for (const char *mark = strchr(owner, '_'); mark != NULL; mark = strchr(mark + 1, '_')) {
        size_t len = process_len(mark + 1);

        if (mark > owner && len > 0 && mark[1 + len] == '_' && mark[2 + len] != '\0')
            return mark + 2 + len;
    }
    return NULL;
}
