/* Words of a command line as one line for sh(1). */
#ifndef FARMLOCK_URICOMMAND_SHELL_LINE_H
#define FARMLOCK_URICOMMAND_SHELL_LINE_H

/* Joins words, up to a NULL, with single blanks, for /bin/sh -c.  A line that is one plain command
 * gets "exec" in front, which some shells do by themselves: so the process that the shell runs in
 * becomes the command, and a signal for it does not end the shell alone and leave the command an
 * orphan.  Redirections are the shell's work before that.  What has operators, or begins with
 * anything but the name of a program, stays as it is, and so does a function that bash finds in
 * the environment, as `module` is.
 * The caller frees the result; NULL with errno ENOMEM.
 */
char *shell_line_join(char *const words[]);

#endif
