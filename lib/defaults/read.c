/* Finds the files of clients, and reads them.
 * Must not look up users: who has no HOME has no file there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "source.h"

#define BELOW_HOME "/.config"
#define BELOW_CONFIG "/farmlock/client.conf"

static char *append(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

static char *join(const char *folder, const char *middle, const char *end)
{
    size_t folder_len = strlen(folder), middle_len = strlen(middle), end_size = strlen(end) + 1;
    char *path = malloc(folder_len + middle_len + end_size);

    if (path != NULL)
        append(append(append(path, folder, folder_len), middle, middle_len), end, end_size);
    return path;
}

/* XDG Base Directory Specification: what is no absolute path counts for nothing. */
static int find_users(struct defaults_file *file)
{
    const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");

    if (config != NULL && config[0] == '/')
        file->owned_path = join(config, "", BELOW_CONFIG);
    else if (home != NULL && home[0] == '/')
        file->owned_path = join(home, BELOW_HOME, BELOW_CONFIG);
    else
        return 0;
    file->path = file->owned_path;
    return file->path != NULL ? 0 : -1;
}

static int find_files(struct defaults *defaults, enum defaults_source *first)
{
    const char *named = secure_getenv(DEFAULTS_VARIABLE);

    *first = SOURCE_HOME;
    if (named != NULL && strcmp(named, "none") == 0)
        return 0;
    defaults->files[1].path = DEFAULTS_SYSTEM_PATH;
    if (named == NULL || *named == '\0')
        return find_users(&defaults->files[0]);
    *first = SOURCE_NAMED;
    defaults->files[0].path = defaults->files[0].owned_path = strdup(named);
    return defaults->files[0].path != NULL ? 0 : -1;
}

static int read_file(struct defaults *defaults, size_t index, enum defaults_source source,
                     char error[DEFAULTS_ERROR_SIZE])
{
    struct defaults_file *file = &defaults->files[index];

    if (file->path == NULL)
        return 0;
    if (defaults_source_read(file->path, source, &file->text, error) != 0)
        return -1;
    return defaults_add(defaults, file, error);
}

struct defaults *defaults_read(char error[DEFAULTS_ERROR_SIZE])
{
    struct defaults *defaults = calloc(1, sizeof *defaults);
    enum defaults_source first;
    int saved_errno;

    if (defaults == NULL || find_files(defaults, &first) != 0)
        snprintf(error, DEFAULTS_ERROR_SIZE, "out of memory");
    else if (read_file(defaults, 0, first, error) == 0 &&
             read_file(defaults, 1, SOURCE_SYSTEM, error) == 0)
        return defaults;
    saved_errno = errno;
    defaults_free(defaults);
    errno = saved_errno;
    return NULL;
}
