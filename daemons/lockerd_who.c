/* Who may do what, as lockerd was told.
 * Must not decide it: the server does. */
#include "lockerd_who.h"

#include <errno.h>
#include <sysexits.h>

#include "cli/message.h"

int lockerd_who_add(struct lockerd_who *who, enum ipclocker_role role, const char *argument)
{
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
