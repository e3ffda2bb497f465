/* Names of users, remembered for a minute.
 * Must not ask for any. */
#include "known_logins.h"

#include <stdio.h>
#include <string.h>

bool known_logins_find(const struct known_logins *known, uint32_t uid, int64_t now_ms,
                       char login[AUTH_LOGIN_SIZE])
{
    const struct known_login *item = &known->items[uid % KNOWN_LOGINS];

    if (item->uid != uid || item->until_ms <= now_ms)
        return false;
    memcpy(login, item->login, AUTH_LOGIN_SIZE);
    return true;
}

void known_logins_note(struct known_logins *known, uint32_t uid, int64_t now_ms, const char *login)
{
    struct known_login *item = &known->items[uid % KNOWN_LOGINS];

    item->uid = uid;
    item->until_ms = now_ms + KNOWN_LOGIN_MS;
    snprintf(item->login, sizeof item->login, "%s", login);
}
