/* The daemons' log: one line an event, harmless to read on a terminal. */
#ifndef FARMLOCK_LOG_H
#define FARMLOCK_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <syslog.h>

#include "base/own_file.h"
#include "privileges.h"

/* Where lines go: NULL for standard error, "syslog", or the path of a file that is appended to.
 * `ident` names the program and must stay valid.  With `debug`, LOG_DEBUG lines are kept.  A file
 * is refused that somebody else may have put there, or can write; it is given to `owner`, who is to
 * write it.  Returns 0, or -1 with `why`.
 */
int log_open(const char *ident, const char *target, bool debug, const struct privileges *owner,
             char why[OWN_FILE_WHY_SIZE]);

/* Keeps LOG_DEBUG lines, or no longer. */
void log_set_debug(bool debug);

/* Opens the file anew, for log rotation, and logs that; goes on with the old one if it fails. */
void log_reopen(void);

/* Writes one line with a priority of syslog(3).  Control characters, newlines included, and
 * bytes that are not UTF-8 come out as \xNN.
 */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_vline(int priority, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
