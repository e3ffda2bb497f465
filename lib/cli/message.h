/* The one clear line with which a program says that it cannot do what it was asked. */
#ifndef FARMLOCK_CLI_MESSAGE_H
#define FARMLOCK_CLI_MESSAGE_H

#include <stddef.h>

/* Writes "PROGRAM: text" as one line to standard error, in one write, with control characters and
 * bytes that are not UTF-8 made harmless.  Returns `status`, for the caller to exit with.
 */
int cli_error(const char *program, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same to another descriptor; nothing is written to a negative one. */
void cli_error_to(int fd, const char *program, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Has such lines handed to `take`, without the program's name, instead of written to standard
 * error, until the next call, with NULL: for who must say where the fault is.  Not for several
 * threads. */
typedef void message_take_fn(void *context, const char *text);
void message_divert(message_take_fn *take, void *context);

enum { MESSAGE_EXCERPT_SIZE = 64 };

/* The beginning of what a user wrote, for such a line: harmless, and with "..." where it is longer
 * than a reader needs to know it by.  Returns `out`.
 */
const char *message_excerpt(char out[MESSAGE_EXCERPT_SIZE], const char *text, size_t len);

#endif
