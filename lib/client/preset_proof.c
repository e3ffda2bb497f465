/* What stands for proofs that were not asked for.
 * Must not connect to anything. */
#include "preset_proof.h"

#include <stdlib.h>
#include <string.h>

#include "defaults/defaults.h"

int client_preset_auth_parse(const char *word, enum client_auth *auth)
{
    static const char *const words[] = {
        [CLIENT_AUTH_AUTO] = "auto", [CLIENT_AUTH_NONE] = "none", [CLIENT_AUTH_MUNGE] = "munge"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            *auth = (enum client_auth)i;
            return 0;
        }
    }
    return -1;
}

static const struct defaults_setting *find(const struct ipclocker *lock, const char *name)
{
    return lock->defaults != NULL ? defaults_find(lock->defaults, name) : NULL;
}

enum client_auth client_preset_auth(const struct ipclocker *lock)
{
    const char *mode = secure_getenv("IPCLOCKER_AUTH");
    const struct defaults_setting *setting;
    enum client_auth auth = CLIENT_AUTH_AUTO;

    /* What else the variable says has always counted for nothing. */
    if (mode != NULL && *mode != '\0' && client_preset_auth_parse(mode, &auth) == 0)
        return auth;
    setting = find(lock, "auth");
    if (setting != NULL)
        client_preset_auth_parse(setting->value, &auth);
    return auth;
}

const char *client_preset_munge_socket(const struct ipclocker *lock)
{
    const char *path = secure_getenv("IPCLOCKER_MUNGE_SOCKET");
    const struct defaults_setting *setting;

    if (path != NULL && *path != '\0')
        return path;
    setting = find(lock, "munge-socket");
    return setting != NULL ? setting->value : NULL;
}
