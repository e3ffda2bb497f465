/* What an engine in etcd has to say.
 * Must not decide how it stands. */
#include "etcd_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/descriptor.h"

enum { TELL_EVERY_MS = 60000 };

void etcd_say_news(const struct etcd_engine *self)
{
    descriptor_notify(self->news_fd);
}

void etcd_say(struct etcd_engine *self, bool is_trouble, const char *format, ...)
{
    char text[STORE_LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (strcmp(text, self->told) == 0 ||
        (is_trouble && self->is_trouble && clock_now_ms() - self->told_ms < TELL_EVERY_MS))
        return;
    if (self->standing[0] != '\0') /* nobody has taken it yet: that it was deposed, say */
        etcd_say_beside(self, self->is_trouble, "%s", self->standing);
    memcpy(self->told, text, sizeof text);
    self->told_ms = clock_now_ms();
    memcpy(self->standing, text, sizeof text);
    self->is_trouble = is_trouble;
    etcd_say_news(self);
}

void etcd_say_beside(struct etcd_engine *self, bool is_trouble, const char *format, ...)
{
    struct store_line *line;
    va_list arguments;

    if (self->beside_count == ETCD_BESIDE_MOST)
        return; /* nobody listens */
    line = &self->beside[self->beside_count++];
    line->is_trouble = is_trouble;
    line->is_beside = true;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
    etcd_say_news(self);
}

bool etcd_say_take(struct etcd_engine *self, struct store_line *line)
{
    if (self->beside_count > 0) {
        *line = self->beside[0];
        self->beside_count--;
        memmove(self->beside, self->beside + 1, self->beside_count * sizeof *self->beside);
        return true;
    }
    memcpy(line->text, self->standing, sizeof line->text);
    line->is_trouble = self->is_trouble;
    line->is_beside = false;
    self->standing[0] = '\0';
    return line->text[0] != '\0';
}
