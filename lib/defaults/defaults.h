/* What the files of clients set, farmlock-client.conf(5): each setting as text that knows where it
 * stands.
 *
 * What a setting means, and whether its value makes sense, is for who asks for it; names that
 * nobody knows are kept, too.
 */
#ifndef FARMLOCK_DEFAULTS_H
#define FARMLOCK_DEFAULTS_H

#include <stdbool.h>
#include <stddef.h>

#define DEFAULTS_VARIABLE "FARMLOCK_CONF"
#define DEFAULTS_SYSTEM_PATH "/etc/farmlock/client.conf"

enum { DEFAULTS_ERROR_SIZE = 512, DEFAULTS_FILES = 2 };

struct defaults_setting {
    const char *name, *value; /* neither is empty, nor has control characters but tabs */
    const char *file;
    unsigned line;
};

struct defaults;

/* Reads the file that the environment variable FARMLOCK_CONF names, or else the user's own where
 * there is one, and that of the machine; none at all where the variable is "none".  A program with
 * rights that its caller has not (AT_SECURE, getauxval(3)) reads that of the machine only.
 * Returns them for defaults_free(); NULL with errno and a line in `error`, which names the file and
 * says what to do: EINVAL: a file is not to be read or believed, or is malformed; ENOMEM, EMFILE,
 * ENFILE.
 * Blocks for as long as the disk does.
 */
struct defaults *defaults_read(char error[DEFAULTS_ERROR_SIZE]);
void defaults_free(struct defaults *defaults);

/* A setting by its name, of the user's file before the machine's; NULL: there is none.  It lives as
 * long as what it is of. */
const struct defaults_setting *defaults_find(const struct defaults *defaults, const char *name);

/* The same of "host" and "path", of which a file has one at most. */
const struct defaults_setting *defaults_find_server(const struct defaults *defaults);

/* All settings one after the other, those of the user's file first; NULL at the end. */
const struct defaults_setting *defaults_at(const struct defaults *defaults, size_t index);

/* The paths of the files that were read or looked for, from 0 to DEFAULTS_FILES - 1, in the same
 * order; NULL: there is no such place.  *is_there is written in either case. */
const char *defaults_file(const struct defaults *defaults, size_t index, bool *is_there);

#endif
