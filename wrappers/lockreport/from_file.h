/* A report from a state file. */
#ifndef FARMLOCK_LOCKREPORT_FROM_FILE_H
#define FARMLOCK_LOCKREPORT_FROM_FILE_H

#include "target.h"

/* Reads a state file, also while a server uses it.  Returns -1 with errno and *error. */
int from_file_read(const struct report_target *target, const char *path,
                   char error[REPORT_ERROR_SIZE]);

#endif
