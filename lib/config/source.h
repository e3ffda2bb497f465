/* The text of a configuration file, and whether it may be believed. */
#ifndef FARMLOCK_CONFIG_SOURCE_H
#define FARMLOCK_CONFIG_SOURCE_H

#include <stddef.h>

#include "config.h"

/* Reads all of a file: a regular one of root's or of whoever runs this, that nobody else can write.
 * `at` is what is said to be wrong: the file itself, or the line that includes it.  Returns text
 * for the caller to free(3), ended by a newline and a NUL; NULL after a fault. */
char *conf_source_read(const char *path, const struct conf_node *at, struct conf_faults *faults);

#endif
