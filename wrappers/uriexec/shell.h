/* What uriexec says when something goes wrong, and how it becomes a shell. */
#ifndef FARMLOCK_URIEXEC_SHELL_H
#define FARMLOCK_URIEXEC_SHELL_H

#include <stddef.h>
#include <sysexits.h>

enum { STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128, STATUS_SSH = 255 };

/* Say what is wrong and return the exit status for it. */
int complain_no_memory(void);
int complain_too_long(const char *what, size_t len);

/* A piece of a stranger's text for such a line; valid until the next call but one. */
const char *clean(const char *text, size_t len);

/* The longest argument that this system takes. */
size_t argument_max(void);

/* Becomes the shell, with -c, unless it comes with its own arguments, and the command.  Returns
 * only when that fails, after saying so, with the exit status. */
int become(const char *shell, const char *command);

#endif
