/* Lockerd's settings about pools, and having the server go by them. */
#ifndef FARMLOCK_LOCKERD_RULES_H
#define FARMLOCK_LOCKERD_RULES_H

#include "config/options.h"
#include "ipclocker_server.h"
#include "rules/rules.h"

/* Reads them from a configuration; NULL after a fault.  Asks the group database, and may block. */
struct rules *lockerd_rules_read(const struct conf_node *root, struct conf_faults *faults);

/* From now on it does not ask, as the loop must not wait: see group_check.h. */
void lockerd_rules_ask_later(void);

/* Has a server go by them, before it starts or while it serves, and takes them, also where that
 * fails.  Returns -1 with ipclocker_server_error(). */
int lockerd_rules_apply(struct rules *rules, struct ipclocker_server *server);

#endif
