/* Whether a server answers. */
#ifndef FARMLOCK_LOCKERSH_PING_H
#define FARMLOCK_LOCKERSH_PING_H

#include "ipclocker.h"
#include "options.h"

/* Prints who answers, how it knows us, who leads where several share a state, and what the others
 * in the list do, for people or as share/schema/ping.schema.json has it. Returns the status to exit
 * with, having said what is wrong; -1 with errno where a call of the library has failed.
 */
int ping_print(struct ipclocker *lock, const struct lockersh_options *options);

#endif
