/* What went wrong, in words: the handle's error text, and what is told on the way.
 * Must not decide what is done about it. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int client_error_set(struct ipclocker *lock, int number, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(lock->error, sizeof lock->error, format, args);
    va_end(args);
    errno = number;
    return -1;
}

void client_error_notice(struct ipclocker *lock, enum ipclocker_notice notice, const char *format,
                         ...)
{
    char text[768];
    va_list args;

    if (!lock->set.verbose || lock->set.print == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lock->set.print(lock->set.print_context, notice, text);
}

const char *ipclocker_error(const struct ipclocker *lock)
{
    return lock->error;
}
