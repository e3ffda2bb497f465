/* What is said of a --map that cannot be taken.
 * Must not judge it. */
#include "map_refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int map_refusal(int number, char *error, size_t error_size, const char *text, const char *why)
{
    char shown[80];

    text_clean(shown, sizeof shown, text, strlen(text));
    snprintf(error, error_size, "%s: %s", shown, why);
    errno = number;
    return -1;
}
