/* Why the table makes no request, in words. */
#ifndef FARMLOCK_SERVER_RULE_REFUSAL_H
#define FARMLOCK_SERVER_RULE_REFUSAL_H

#include "server.h"

/* NULL where there is one, or it would only have to wait; good until the next call. */
const struct refusal *rule_refusal(struct ipclocker_server *server,
                                   const struct lock_result *result);

/* A grant cannot be held so long in all, of which `can_add_ms` are left; good until the next call
 * of these. */
const struct refusal *rule_refusal_of_extension(struct ipclocker_server *server, int64_t most_ms,
                                                int64_t can_add_ms);

#endif
