/* Whether a server answers. */
#ifndef FARMLOCK_LOCKERSH_PING_H
#define FARMLOCK_LOCKERSH_PING_H

#include <stdbool.h>

#include "ipclocker.h"

/* Prints who answers, and how it knows us, for people or as share/schema/ping.schema.json has it.
 * Returns the status to exit with, having said what is wrong; -1 with errno where a call of the
 * library has failed.
 */
int ping_print(struct ipclocker *lock, bool as_json);

#endif
