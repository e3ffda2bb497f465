/* Administrators and reapers: who is one.
 * Must not ask the user database in the loop. */
#include "auth_role.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/number.h"

enum { GROUPS_MAX = 65536 };

struct entry {
    enum ipclocker_role role;
    bool is_group;
    uint32_t id; /* a uid or a gid */
};

struct auth_roles {
    atomic_uint users;
    struct entry *entries;
    size_t count, room;
    bool has_groups;
};

struct auth_roles *auth_roles_create(void)
{
    struct auth_roles *roles = calloc(1, sizeof *roles);

    if (roles != NULL)
        atomic_init(&roles->users, 1);
    return roles;
}

const struct auth_roles *auth_roles_share(struct auth_roles *roles)
{
    atomic_fetch_add(&roles->users, 1);
    return roles;
}

void auth_roles_release(const struct auth_roles *roles)
{
    struct auth_roles *own = (struct auth_roles *)(uintptr_t)roles;

    if (own == NULL || atomic_fetch_sub(&own->users, 1) > 1)
        return;
    free(own->entries);
    free(own);
}

/* Numbers are taken as they are: there may be no account behind them here. */
static int find_id(const char *who, bool is_group, uint32_t *id)
{
    const struct passwd *user;
    const struct group *group;
    uint64_t number;

    if (number_parse(who, UINT32_MAX - 1, &number) == 0) {
        *id = (uint32_t)number;
        return 0;
    }
    user = is_group ? NULL : getpwnam(who);
    group = is_group ? getgrnam(who) : NULL;
    if (user == NULL && group == NULL) {
        errno = ENOENT;
        return -1;
    }
    *id = user != NULL ? user->pw_uid : group->gr_gid;
    return 0;
}

int auth_roles_add(struct auth_roles *roles, enum ipclocker_role role, const char *who)
{
    struct entry entry = {.role = role, .is_group = who[0] == '@'};
    struct entry *larger;

    if (find_id(who + entry.is_group, entry.is_group, &entry.id) != 0)
        return -1;
    larger = array_grow(roles->entries, &roles->room, roles->count, sizeof *larger);
    if (larger == NULL)
        return -1;
    roles->entries = larger;
    roles->entries[roles->count++] = entry;
    roles->has_groups |= entry.is_group;
    return 0;
}

static bool is_in(uint32_t id, const gid_t *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == id)
            return true;
    }
    return false;
}

static void judge(const struct auth_roles *roles, uid_t uid, const gid_t *groups, size_t count,
                  bool *is_admin, bool *is_reaper)
{
    for (size_t i = 0; i < roles->count; i++) {
        const struct entry *entry = &roles->entries[i];

        if (entry->is_group ? !is_in(entry->id, groups, count) : entry->id != uid)
            continue;
        *is_admin |= entry->role == IPCLOCKER_ROLE_ADMIN;
        *is_reaper |= entry->role == IPCLOCKER_ROLE_REAPER;
    }
}

void auth_roles_judge_socket(const struct auth_roles *roles, const struct auth_peer *peer, int fd,
                             bool *is_admin, bool *is_reaper)
{
    gid_t *groups = NULL;
    size_t count = 0;

    *is_admin = peer->is_root;
    *is_reaper = false;
    if (!peer->is_proven || roles->count == 0)
        return;
    if (roles->has_groups)
        groups = auth_peer_groups(fd, &count);
    judge(roles, peer->uid, groups, count, is_admin, is_reaper);
    free(groups);
}

gid_t *auth_role_groups_of(const char *login, gid_t gid, size_t *count)
{
    int room = 64, found = room;
    gid_t *groups = malloc((size_t)room * sizeof *groups), *larger;

    /* It says how many there are where there is no room for them. */
    while (groups != NULL && getgrouplist(login, gid, groups, &found) < 0) {
        room = found > room ? found : 2 * room;
        larger = room <= GROUPS_MAX ? realloc(groups, (size_t)room * sizeof *groups) : NULL;
        if (larger == NULL)
            free(groups);
        groups = larger;
        found = room;
    }
    *count = groups != NULL ? (size_t)found : 0;
    return groups;
}

void auth_roles_judge_munge(const struct auth_roles *roles, uid_t uid, gid_t gid, const char *login,
                            const unsigned char ip[IP_BYTES], bool *is_admin, bool *is_reaper)
{
    size_t count = 1;
    gid_t *groups = NULL;

    /* The root of another machine is its business. */
    *is_admin = uid == 0 && (!ip_text_is_known(ip) || auth_peer_is_here(ip));
    *is_reaper = false;
    if (roles->count == 0)
        return;
    if (roles->has_groups && login[0] != '\0')
        groups = auth_role_groups_of(login, gid, &count);
    if (groups != NULL)
        judge(roles, uid, groups, count, is_admin, is_reaper);
    else
        judge(roles, uid, &gid, 1, is_admin, is_reaper);
    free(groups);
}
