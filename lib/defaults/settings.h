/* The settings of clients' files, in memory. */
#ifndef FARMLOCK_DEFAULTS_SETTINGS_H
#define FARMLOCK_DEFAULTS_SETTINGS_H

#include "defaults.h"

struct defaults_file {
    const char *path; /* NULL: none */
    char *owned_path; /* the same, where it is not static */
    char *text;       /* what the settings point into; NULL: it is not there */
};

struct defaults {
    struct defaults_file files[DEFAULTS_FILES];
    struct defaults_setting *settings;
    size_t count, room;
};

/* Adds all settings of a file with a text, behind those that are there.  The text is changed: it
 * is taken apart.  Returns 0; or -1 with errno and a line in `error`: EINVAL: the text is
 * malformed; ENOMEM. */
int defaults_add(struct defaults *defaults, const struct defaults_file *file,
                 char error[DEFAULTS_ERROR_SIZE]);

#endif
