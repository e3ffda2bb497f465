/* Complaints of programs on standard error.
 * Must not be used by what programs embed: a library does not print. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

int complaint(const char *program, int status, const char *format, ...)
{
    enum { TEXT_MAX_LEN = 1024 };
    char text[TEXT_MAX_LEN], clean[TEXT_MAX_LEN * TEXT_CLEAN_GROWTH], line[sizeof clean + 64];
    va_list args;
    int len;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_clean(clean, sizeof clean, text, strlen(text));
    len = snprintf(line, sizeof line, "%s: %s\n", program, clean);
    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        return status; /* there is nobody to tell */
    return status;
}
