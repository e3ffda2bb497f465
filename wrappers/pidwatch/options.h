/* The command line of pidwatch. */
#ifndef FARMLOCK_PIDWATCH_OPTIONS_H
#define FARMLOCK_PIDWATCH_OPTIONS_H

#include <stdbool.h>

#include "watch.h"

struct pidwatch_options {
    struct pidwatch watch;
    const char *cd;
    const char *killer; /* as it was given; watch.killer is its full path */
    bool foreground, debug, quiet, kill_group, kill_tree;
    char shown_signal[16];
    char host[256];
    char **command; /* up to a NULL; none with `foreground` */
};

/* Reads a command line.  Returns -1 to go on, or the status to exit with after what there was to
 * say or to print.  Some strings are those of argv, and some point into *options, which must stay
 * where it is.
 */
int pidwatch_options_parse(struct pidwatch_options *options, int argc, char **argv);

#endif
