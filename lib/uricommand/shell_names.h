/* Names of commands that a shell may not leave to programs. */
#ifndef FARMLOCK_URICOMMAND_SHELL_NAMES_H
#define FARMLOCK_URICOMMAND_SHELL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* True for a command that only the shell itself can do, such as "cd": exec would find no program of
 * that name, or one that changes only itself.
 */
bool shell_name_is_builtin_only(const char *name, size_t len);

/* True for whatever "exec" in front would change: those above; builtins that are programs as well,
 * such as "echo"; keywords; and the words of bash, which is sh on many systems.
 */
bool shell_name_is_known(const char *name, size_t len);

/* True for a shell that comes with its arguments, of which the last is an option that takes the
 * command, as in "/bin/bash -c" and "tcsh -fc"; false for a name, which may have blanks in it.
 */
bool shell_name_has_arguments(const char *shell);

#endif
