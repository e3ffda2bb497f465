/* What was obtained, for a person, a shell or a program to read. */
#ifndef FARMLOCK_LOCKERSH_GRANT_FORMAT_H
#define FARMLOCK_LOCKERSH_GRANT_FORMAT_H

#include <stdio.h>

#include "ipclocker.h"

enum grant_format {
    GRANT_PLAIN, /* the names, with blanks between them */
    GRANT_SH,    /* lines for eval that set what a command finds in its environment */
    GRANT_CSH,
    GRANT_JSON,
};

/* Has what was obtained, for this process, in the environment.  Returns 0, or -1 with errno ENOMEM.
 */
int grant_format_set_environment(const struct ipclocker *lock, pid_t pid);

/* Prints it.  Returns 0, or -1 with errno ENOMEM. */
int grant_format_print(enum grant_format format, const struct ipclocker *lock, pid_t pid,
                       FILE *out);

#endif
