/* What an errno means to who can do something about it.
 * Must not know what failed: its caller says so. */
#include "error_text.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *advice_for(int number)
{
    switch (number) {
    case EMFILE:
        return "raise their limit (ulimit -n)";
    case ENFILE:
        return "raise the limit of this machine (sysctl fs.file-max)";
    case ENOMEM:
        return "raise the limit of memory (ulimit -v), or end what uses much of it";
    case EAGAIN: /* of fork(2) and pthread_create(3) */
        return "raise the limits of processes and memory (ulimit -u, ulimit -v)";
    default:
        return NULL;
    }
}

bool error_text_has_advice(int number)
{
    return advice_for(number) != NULL;
}

const char *error_text(int number)
{
    static _Thread_local char text[160];
    const char *advice = advice_for(number);

    if (advice == NULL)
        return strerror(number);
    snprintf(text, sizeof text, "%s; %s", strerror(number), advice);
    return text;
}
