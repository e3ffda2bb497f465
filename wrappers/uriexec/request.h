/* What uriexec is asked to do: its command line. */
#ifndef FARMLOCK_URIEXEC_REQUEST_H
#define FARMLOCK_URIEXEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uricommand.h"

struct request {
    const char *dir;
    const char *shell; /* NULL: /bin/sh */
    const char *path;  /* uriexec beyond the hops that do not say their own */
    const char *near;  /* of a tie, as a near uriexec wrote it, or NULL */
    int64_t grace_ms;  /* between two signals; 0: as it is by itself */
    bool strict, show, encode, shell_words, print, check, names_path, tie;
    struct uricommand_hop *hops;
    size_t hop_count, hop_room;
    char **words;
};

/* Reads a command line into a request that is all zero but for `words`, which has none.  Returns -1
 * to go on, or the status to exit with after what there was to say or to print.  The strings are
 * those of argv. */
int request_parse(struct request *request, int argc, char **argv);

void request_fini(struct request *request);

/* With --tie, or called by an uriexec that has it. */
bool request_is_tied(const struct request *request);

/* Of a tie, where --grace does not say it, too. */
int64_t request_grace_ms(const struct request *request);

#endif
