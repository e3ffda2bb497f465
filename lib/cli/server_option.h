/* The options --host and --port of programs that ask a lock server once. */
#ifndef FARMLOCK_CLI_SERVER_OPTION_H
#define FARMLOCK_CLI_SERVER_OPTION_H

#include "ipclocker.h"

/* Has a handle try the servers that were named once each; an option that was not given is NULL, and
 * leaves the choice to the environment.  Returns 0, or EX_USAGE after a complaint. */
int server_option_use(const char *program, struct ipclocker *lock, const char *host,
                      const char *port);

#endif
