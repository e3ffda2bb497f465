/* Names of users that were looked up a short while ago: a user who starts a thousand jobs is looked
 * up once, on a directory that may be far away.  Callers keep threads apart.
 */
#ifndef FARMLOCK_SERVER_KNOWN_LOGINS_H
#define FARMLOCK_SERVER_KNOWN_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "auth_worker.h"

enum { KNOWN_LOGINS = 1024, KNOWN_LOGIN_MS = 60000 };

/* All zero, it knows nobody. */
struct known_logins {
    struct known_login {
        uint32_t uid;
        int64_t until_ms;
        char login[AUTH_LOGIN_SIZE];
    } items[KNOWN_LOGINS]; /* each where its uid has it; the last one that came stays */
};

/* Writes the name of a user that was noted less than KNOWN_LOGIN_MS ago; `now_ms` is above 0.
 * Returns false, and writes nothing, where there is none. */
bool known_logins_find(const struct known_logins *known, uint32_t uid, int64_t now_ms,
                       char login[AUTH_LOGIN_SIZE]);

void known_logins_note(struct known_logins *known, uint32_t uid, int64_t now_ms, const char *login);

#endif
