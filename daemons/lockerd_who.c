/* Who may do what, as lockerd was told.
 * Must not decide it: the server does. */
#include "lockerd_who.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/user_database.h"
#include "cli/message.h"

static bool asks_no_more;

void lockerd_who_ask_no_more(void)
{
    asks_no_more = true;
}

/* Numbers are taken as they are, as by the server. */
static bool is_there(const char *name, bool is_group)
{
    uint64_t number;
    gid_t id;
    bool there;
    int result = 0;

    if (asks_no_more || number_parse(name, UINT32_MAX - 1, &number) == 0)
        return true;
    result = is_group ? user_database_find_group(name, &id, &there)
                      : user_database_find_user(name, &id, &there);
    return result == 0 && there;
}

int lockerd_who_add(struct lockerd_who *who, enum ipclocker_role role, const char *argument)
{
    bool is_group = argument[0] == '@';
    char shown[MESSAGE_EXCERPT_SIZE];

    if (!is_there(argument + is_group, is_group))
        return cli_error("lockerd", EX_USAGE, "--%s: there is no %s '%s' on this machine",
                         role == IPCLOCKER_ROLE_ADMIN ? "admin" : "reaper",
                         is_group ? "group" : "user",
                         message_excerpt(shown, argument + is_group, strlen(argument + is_group)));
    if (who->role_count == LOCKERD_ROLES_MAX)
        return cli_error("lockerd", EX_USAGE, "more than %d --admin and --reaper; name a @GROUP",
                         LOCKERD_ROLES_MAX);
    who->roles[who->role_count].role = role;
    who->roles[who->role_count++].who = argument;
    return 0;
}

int lockerd_who_apply(const struct lockerd_who *who, struct ipclocker_server *server)
{
    for (size_t i = 0; i < who->role_count; i++) {
        bool is_admin = who->roles[i].role == IPCLOCKER_ROLE_ADMIN;

        if (ipclocker_server_add_role(server, who->roles[i].role, who->roles[i].who) != 0)
            return cli_error("lockerd", errno == ENOENT ? EX_USAGE : EX_OSERR, "--%s: %s",
                             is_admin ? "admin" : "reaper", ipclocker_server_error(server));
    }
    ipclocker_server_set_private(server, who->is_private);
    if (ipclocker_server_set_auth(server, who->auth, who->munge_socket) == 0)
        return 0;
    return cli_error("lockerd", EX_OSERR, "%s", ipclocker_server_error(server));
}
