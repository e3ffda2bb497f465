/* Keeps what clients' files set.
 * Must not open files, nor judge values. */
#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "line.h"

enum { SETTINGS_MAX = 256 /* of a file */ };

static int fault(char error[DEFAULTS_ERROR_SIZE], const struct defaults_file *file, unsigned line,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

static int fault(char error[DEFAULTS_ERROR_SIZE], const struct defaults_file *file, unsigned line,
                 const char *format, ...)
{
    int len = snprintf(error, DEFAULTS_ERROR_SIZE, "%.256s:%u: ", file->path, line);
    va_list args;

    va_start(args, format);
    vsnprintf(error + len, DEFAULTS_ERROR_SIZE - (size_t)len, format, args);
    va_end(args);
    errno = EINVAL;
    return -1;
}

/* A setting among those from `first` on. */
static const struct defaults_setting *find_from(const struct defaults *defaults, size_t first,
                                                const char *name)
{
    for (size_t i = first; i < defaults->count; i++) {
        if (strcmp(defaults->settings[i].name, name) == 0)
            return &defaults->settings[i];
    }
    return NULL;
}

/* What a file may not set beside a name. */
static const struct defaults_setting *find_rival(const struct defaults *defaults, size_t first,
                                                 const char *name)
{
    if (strcmp(name, "host") == 0)
        return find_from(defaults, first, "path");
    return strcmp(name, "path") == 0 ? find_from(defaults, first, "host") : NULL;
}

static int keep(struct defaults *defaults, const struct defaults_setting *setting)
{
    struct defaults_setting *settings =
        array_grow(defaults->settings, &defaults->room, defaults->count, sizeof *settings);

    if (settings == NULL)
        return -1;
    defaults->settings = settings;
    settings[defaults->count++] = *setting;
    return 0;
}

static int add_line(struct defaults *defaults, size_t first, const struct defaults_file *file,
                    char *text, unsigned line, char error[DEFAULTS_ERROR_SIZE])
{
    struct defaults_setting setting = {.file = file->path, .line = line};
    const struct defaults_setting *other;
    char *name, *value;
    const char *what = defaults_line_parse(text, &name, &value);

    if (what != NULL)
        return fault(error, file, line, "%s", what);
    if (name == NULL)
        return 0;
    other = find_from(defaults, first, name);
    if (other != NULL)
        return fault(error, file, line, "%.64s is set in line %u already", name, other->line);
    other = find_rival(defaults, first, name);
    if (other != NULL)
        return fault(error, file, line, "choose one of %s and %s, which line %u sets", name,
                     other->name, other->line);
    if (defaults->count - first == SETTINGS_MAX)
        return fault(error, file, line, "the file has more than %d settings", SETTINGS_MAX);
    setting.name = name;
    setting.value = value;
    if (keep(defaults, &setting) == 0)
        return 0;
    snprintf(error, DEFAULTS_ERROR_SIZE, "out of memory");
    return -1;
}

int defaults_add(struct defaults *defaults, const struct defaults_file *file,
                 char error[DEFAULTS_ERROR_SIZE])
{
    size_t first = defaults->count;
    unsigned line = 0;
    char *next = file->text, *text;

    while (next != NULL && *next != '\0') {
        text = strsep(&next, "\n");
        if (add_line(defaults, first, file, text, ++line, error) != 0)
            return -1;
    }
    return 0;
}

void defaults_free(struct defaults *defaults)
{
    if (defaults == NULL)
        return;
    for (size_t i = 0; i < DEFAULTS_FILES; i++) {
        free(defaults->files[i].owned_path);
        free(defaults->files[i].text);
    }
    free(defaults->settings);
    free(defaults);
}

const struct defaults_setting *defaults_find(const struct defaults *defaults, const char *name)
{
    return find_from(defaults, 0, name);
}

const struct defaults_setting *defaults_find_server(const struct defaults *defaults)
{
    const struct defaults_setting *host = defaults_find(defaults, "host"),
                                  *path = defaults_find(defaults, "path");

    if (host == NULL || path == NULL)
        return host != NULL ? host : path;
    return host < path ? host : path;
}

const struct defaults_setting *defaults_at(const struct defaults *defaults, size_t index)
{
    return index < defaults->count ? &defaults->settings[index] : NULL;
}

const char *defaults_file(const struct defaults *defaults, size_t index, bool *is_there)
{
    *is_there = defaults->files[index].text != NULL;
    return defaults->files[index].path;
}
