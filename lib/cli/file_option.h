/* The argument of an option that names a file. */
#ifndef FARMLOCK_CLI_FILE_OPTION_H
#define FARMLOCK_CLI_FILE_OPTION_H

/* Whether a text can be a file's name: an empty one is a variable that was not set.  `option` is
 * its name without dashes.  Returns 0, or EX_USAGE after a complaint.
 */
int file_option_check(const char *program, const char *option, const char *name);

#endif
