/* The one clear line with which a program says that it cannot do what it was asked. */
#ifndef FARMLOCK_CLI_MESSAGE_H
#define FARMLOCK_CLI_MESSAGE_H

/* Writes "PROGRAM: text" as one line to standard error, in one write, with control characters and
 * bytes that are not UTF-8 made harmless.  Returns `status`, for the caller to exit with.
 */
int complaint(const char *program, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
