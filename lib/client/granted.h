/* What a server has granted, held against what was asked for. */
#ifndef FARMLOCK_CLIENT_GRANTED_H
#define FARMLOCK_CLIENT_GRANTED_H

#include "answer.h"
#include "client.h"

/* Whether a grant is of what was asked for: enough of each group, and nothing else. */
bool granted_is_wanted(const struct ipclocker *lock, const struct answer *answer);

#endif
