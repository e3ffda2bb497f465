/* What stands for servers that were not set.
 * Must not connect to anything. */
#include "preset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "defaults/defaults.h"
#include "error.h"
#include "net/port.h"
#include "preset_proof.h"

static bool needs_port(const struct ipclocker *lock)
{
    for (size_t i = 0; i < lock->set.host_count; i++) {
        if (!lock->set.hosts[i].is_path && lock->set.hosts[i].port == 0)
            return lock->set.port == 0;
    }
    return false;
}

/* Puts where it was said before the error text. */
static int blame(struct ipclocker *lock, const char *where)
{
    char cause[sizeof lock->error];
    int number = errno;

    memcpy(cause, lock->error, sizeof cause);
    return client_error_set(lock, number, "%s: %s", where, cause);
}

static int blame_setting(struct ipclocker *lock, const struct defaults_setting *setting)
{
    char where[300];

    snprintf(where, sizeof where, "%.220s:%u: %.64s", setting->file, setting->line, setting->name);
    return blame(lock, where);
}

/* A variable that is empty says nothing. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

static int preset_hosts(struct ipclocker *lock)
{
    const char *hosts = variable("IPCLOCKER_HOST");
    const struct defaults_setting *setting;
    int result;

    if (hosts != NULL)
        return ipclocker_set_hosts(lock, hosts) == 0 ? 0 : blame(lock, "IPCLOCKER_HOST");
    setting = defaults_find_server(lock->defaults);
    if (setting == NULL)
        return ipclocker_set_hosts(lock, "localhost");
    result = strcmp(setting->name, "path") == 0 ? ipclocker_set_path(lock, setting->value)
                                                : ipclocker_set_hosts(lock, setting->value);
    return result == 0 ? 0 : blame_setting(lock, setting);
}

static int preset_port(struct ipclocker *lock)
{
    const char *port = variable("IPCLOCKER_PORT");
    const struct defaults_setting *setting;

    if (port != NULL)
        return ipclocker_set_port(lock, port) == 0 ? 0 : blame(lock, "IPCLOCKER_PORT");
    setting = defaults_find(lock->defaults, "port");
    if (setting != NULL)
        return ipclocker_set_port(lock, setting->value) == 0 ? 0 : blame_setting(lock, setting);
    lock->set.port = port_default("lockerd", "tcp", PORT_LOCKERD);
    return 0;
}

static int check_auth(struct ipclocker *lock)
{
    const struct defaults_setting *setting = defaults_find(lock->defaults, "auth");
    enum client_auth auth;
    char shown[80];

    if (setting == NULL || client_preset_auth_parse(setting->value, &auth) == 0)
        return 0;
    text_clean(shown, sizeof shown, setting->value, strlen(setting->value));
    client_error_set(lock, EINVAL, "\"%s\" is none of auto, munge and none", shown);
    return blame_setting(lock, setting);
}

int client_preset_servers(struct ipclocker *lock)
{
    char error[DEFAULTS_ERROR_SIZE];

    if (lock->defaults == NULL) {
        lock->own_defaults = defaults_read(error);
        if (lock->own_defaults == NULL)
            return client_error_set(lock, errno, "%s", error);
        lock->defaults = lock->own_defaults;
    }
    if (check_auth(lock) != 0)
        return -1;
    if (lock->set.hosts == NULL && preset_hosts(lock) != 0)
        return -1;
    return needs_port(lock) ? preset_port(lock) : 0;
}
