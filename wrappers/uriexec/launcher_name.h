/* What kind of launcher it is, by the words of its command line. */
#ifndef FARMLOCK_URIEXEC_LAUNCHER_NAME_H
#define FARMLOCK_URIEXEC_LAUNCHER_NAME_H

#include <stdbool.h>

/* True for rsh and its like: whether a command was found there can only be seen by asking. */
bool launcher_name_is_rsh(const char *launcher);

/* True for ssh: it has one status, 255, for its own failures and for a command that a signal ended,
 * which is a status of commands, too. */
bool launcher_name_is_ssh(const char *launcher);

#endif
