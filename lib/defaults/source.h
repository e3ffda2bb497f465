/* The text of a clients' file, and whether it may be believed. */
#ifndef FARMLOCK_DEFAULTS_SOURCE_H
#define FARMLOCK_DEFAULTS_SOURCE_H

#include "defaults.h"

enum defaults_source {
    SOURCE_NAMED,  /* it has to be there: somebody has named it */
    SOURCE_HOME,   /* of a folder that may be somebody else's, whose file is not for us */
    SOURCE_SYSTEM, /* the administrator's */
};

/* Reads all of a file into *text, for the caller to free(3), ended by a NUL; NULL where there is
 * none, and need not be.  Never waits for a FIFO.  Returns 0; or -1 with errno and a line in
 * `error`, *text as it was: EINVAL: it is not to be read or believed; ENOMEM, EMFILE, ENFILE.
 */
int defaults_source_read(const char *path, enum defaults_source source, char **text,
                         char error[DEFAULTS_ERROR_SIZE]);

#endif
