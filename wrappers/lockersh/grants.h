/* What the command's own lockershs are told of the locks that they run under. */
#ifndef FARMLOCK_LOCKERSH_GRANTS_H
#define FARMLOCK_LOCKERSH_GRANTS_H

#include "ipclocker.h"

/* Adds the lock that is held to those in the environment.  Returns 0, or -1 with errno. */
int grants_hand_down(struct ipclocker *lock);

#endif
