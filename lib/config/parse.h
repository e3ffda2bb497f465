/* What libconfig reads, as settings. */
#ifndef FARMLOCK_CONFIG_PARSE_H
#define FARMLOCK_CONFIG_PARSE_H

#include "config.h"

/* Reads a text, which has no includes, into `root`, an empty section whose `file` is set; `written`
 * is what it was made of, line by line, for messages.  Returns -1 after a fault. */
int conf_parse(struct conf_node *root, const char *text, const char *written,
               struct conf_faults *faults);

#endif
