/* What lockreap prints: a line a job, or a JSON document a look. */
#ifndef FARMLOCK_LOCKREAP_PRINT_H
#define FARMLOCK_LOCKREAP_PRINT_H

#include "reap.h"

struct json_object;

struct reap_print {
    bool json, dry_run;
    bool even_if_empty; /* a document also of a look that found nothing */
    struct json_object *jobs;
    bool failed;
    bool told; /* of a loss, in this look */
};

/* Prints or collects a loss; a reap_loss_fn with a struct reap_print. */
void print_loss(void *context, const struct reap_loss *loss);

/* Ends a look: prints the document, and flushes.  Returns 0, or -1 with errno. */
int print_end(struct reap_print *print);

#endif
