/* Lockerd's options about who may do what, and what they set. */
#ifndef FARMLOCK_LOCKERD_WHO_H
#define FARMLOCK_LOCKERD_WHO_H

#include <stdbool.h>
#include <stddef.h>

#include "ipclocker_server.h"

enum { LOCKERD_ROLES_MAX = 64 };

/* All zero is what there is without options. */
struct lockerd_who {
    enum ipclocker_auth auth;
    const char *munge_socket; /* NULL: the usual one */
    struct {
        enum ipclocker_role role;
        const char *who;
    } roles[LOCKERD_ROLES_MAX];
    size_t role_count;
    bool is_private;
};

/* Takes an argument of --admin or --reaper.  Asks the user database, and may block.  Returns 0, or
 * the status to exit with, when what is wrong was said. */
int lockerd_who_add(struct lockerd_who *who, enum ipclocker_role role, const char *argument);

/* From now on it does not ask, as the loop must not wait: what is named then counts from the next
 * start on. */
void lockerd_who_ask_no_more(void);

/* Has the server go by all of it.  Returns 0, or the status to exit with, when what is wrong was
 * said. */
int lockerd_who_apply(const struct lockerd_who *who, struct ipclocker_server *server);

#endif
