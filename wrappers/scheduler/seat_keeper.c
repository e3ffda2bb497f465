/* How a scheduler learns that others hold seats.
 * Must not print: whether a failure is news is locksync's to say. */
#include "seat_keeper.h"

#include <stdarg.h>
#include <stdio.h>

int seat_keeper_fail(char error[SEAT_ERROR_SIZE], int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, SEAT_ERROR_SIZE, format, args);
    va_end(args);
    return status;
}
