/* The client's parameters, and what stands for those that were not set. */
#ifndef FARMLOCK_CLIENT_PARAMETERS_H
#define FARMLOCK_CLIENT_PARAMETERS_H

#include "client.h"

/* Whether a text can be a word of the protocol.  Returns 0, or -1 with EINVAL; `what` names it in
 * the error text.
 */
int client_parameters_check_text(struct ipclocker *lock, const char *text, const char *what);

/* The host name that was set, or this host's; the handle's until another one is set. */
const char *client_parameters_hostname(struct ipclocker *lock);

/* The start time of the handle's process, as process_start_time() has it; looked up once. */
uint64_t client_parameters_process_start(struct ipclocker *lock);

/* Its boot, "-" where that is not known, and its pid namespace. */
const char *client_parameters_boot(const struct ipclocker *lock);
uint64_t client_parameters_pid_namespace(const struct ipclocker *lock);

#endif
