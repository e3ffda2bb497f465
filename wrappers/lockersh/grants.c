/* Hands down which locks a command runs under.
 * Must not let what was handed to us grow without end. */
#include "grants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRANTS_MOST = 16, WORDS_KEPT = 3 * (GRANTS_MOST - 1) };

/* The last of them, of three words each, so that with one more there are not too many. */
static const char *last_grants(const char *text)
{
    size_t words = 0;
    const char *at;

    for (at = text + strlen(text); at > text; at--) {
        if (at[-1] == ' ' && ++words == WORDS_KEPT)
            break;
    }
    return at;
}

int grants_hand_down(struct ipclocker *lock)
{
    const char *before = getenv(IPCLOCKER_GRANTS), *names = ipclocker_lock_name(lock);
    char *text;
    int result;

    if (ipclocker_token(lock) == 0)
        return 0;
    before = before != NULL ? last_grants(before) : "";
    if (asprintf(&text, "%s%s%" PRIu64 " %.*s %s", before, *before != '\0' ? " " : "",
                 ipclocker_token(lock), (int)strcspn(names, " "), names, ipclocker_user(lock)) < 0)
        return -1;
    result = setenv(IPCLOCKER_GRANTS, text, 1);
    free(text);
    return result;
}
