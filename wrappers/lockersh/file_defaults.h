/* Options of lockersh that clients' files set, farmlock-client.conf(5). */
#ifndef FARMLOCK_LOCKERSH_FILE_DEFAULTS_H
#define FARMLOCK_LOCKERSH_FILE_DEFAULTS_H

#include "cli/options.h"
#include "defaults/defaults.h"
#include "options.h"

/* Reads clients' files into options->defaults, and sets what they have of options that were not
 * given; what makes no sense beside those that were counts for nothing.  Warns of names that nobody
 * knows.  Returns -1 to go on; or the status to exit with, after saying what is wrong and where.
 */
int file_defaults_apply(struct lockersh_options *options, const struct option_spec *table,
                        const bool given[OPTIONS_ROWS_MAX]);

/* The settings that are the library's own, and the variables that go before them. */
struct file_defaults_server {
    char name[16], variable[24], usual[16]; /* "" where there is none */
};
enum { FILE_DEFAULTS_SERVER_COUNT = 5 };
extern const struct file_defaults_server file_defaults_server[FILE_DEFAULTS_SERVER_COUNT];

/* Whether "auth", or its variable, may say this. */
bool file_defaults_is_auth(const char *value);

/* The row of the table that a setting is for; NULL: it is no option of lockersh that may be set. */
const struct option_spec *file_defaults_row(const struct option_spec *table, const char *name);

/* Whether the table or the library knows a name. */
bool file_defaults_knows(const struct option_spec *table, const char *name);

/* Sets an option as its row has it.  Returns 0, or EX_USAGE after a line about where that is. */
int file_defaults_set(const struct option_spec *row, const struct defaults_setting *setting,
                      struct lockersh_options *options);

/* Says that nobody knows a name, and which is like it.  Returns `status`. */
int file_defaults_tell_unknown(const struct option_spec *table,
                               const struct defaults_setting *setting, int status);

#endif
