/* Complaints of programs on standard error.
 * Must not be used by what programs embed: a library does not print. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static struct {
    message_take_fn *take; /* NULL: nobody has asked for them */
    void *context;
} divert;

void message_divert(message_take_fn *take, void *context)
{
    divert.take = take;
    divert.context = context;
}

static void __attribute__((format(printf, 3, 0)))
write_line(int fd, const char *program, const char *format, va_list args)
{
    enum { TEXT_MAX_LEN = 1024 };
    char text[TEXT_MAX_LEN], clean[TEXT_MAX_LEN * TEXT_CLEAN_GROWTH], line[sizeof clean + 64];
    int len;

    vsnprintf(text, sizeof text, format, args);
    text_clean(clean, sizeof clean, text, strlen(text));
    if (divert.take != NULL && fd == STDERR_FILENO) {
        divert.take(divert.context, clean);
        return;
    }
    len = snprintf(line, sizeof line, "%s: %s\n", program, clean);
    if (write(fd, line, (size_t)len) < 0)
        return; /* there is nobody to tell */
}

int cli_error(const char *program, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(STDERR_FILENO, program, format, args);
    va_end(args);
    return status;
}

void cli_error_to(int fd, const char *program, const char *format, ...)
{
    va_list args;

    if (fd < 0)
        return;
    va_start(args, format);
    write_line(fd, program, format, args);
    va_end(args);
}

const char *message_excerpt(char out[MESSAGE_EXCERPT_SIZE], const char *text, size_t len)
{
    static const char more[] = "...";
    enum { LEN_MAX = 40 };
    size_t used =
        text_clean(out, MESSAGE_EXCERPT_SIZE - sizeof more, text, len < LEN_MAX ? len : LEN_MAX);

    if (len > LEN_MAX)
        memcpy(out + used, more, sizeof more);
    return out;
}
