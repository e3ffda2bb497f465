/* The locks that are held. */
#ifndef FARMLOCK_LOCKERSH_HELD_LIST_H
#define FARMLOCK_LOCKERSH_HELD_LIST_H

#include "ipclocker.h"
#include "options.h"

/* Prints them, or those of a job, as lines or as JSON.  Returns the status to exit with, having
 * said what is wrong; -1 with errno where a call of the library has failed.
 */
int held_list_print(const struct lockersh_options *options, struct ipclocker *lock);

#endif
