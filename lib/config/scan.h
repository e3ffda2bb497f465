/* What has to be seen to in a configuration file's text before libconfig reads it. */
#ifndef FARMLOCK_CONFIG_SCAN_H
#define FARMLOCK_CONFIG_SCAN_H

#include "base/buffer.h"
#include "config.h"

/* What the scan of a text came to. */
struct conf_scan {
    struct buffer text; /* for libconfig, line by line as it was; not ended by a NUL */

    /* The includes, "NAME" and their lines: children of a list. */
    struct conf_node includes;
};

/* Goes over a text of `file`: takes the includes out, since libconfig opens what they name whatever
 * that is, and makes each integer one of 64 bits, since libconfig 1.5 keeps 32 bits of a larger one
 * without a word.  Tells of integers that have more, of includes inside of settings, and of strings
 * and comments that do not end.  Returns -1 with errno ENOMEM. */
int conf_scan(struct conf_scan *scan, const char *file, const char *text,
              struct conf_faults *faults);
void conf_scan_fini(struct conf_scan *scan);

#endif
