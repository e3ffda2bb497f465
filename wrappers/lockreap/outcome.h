/* What became of a look or a release, as the user is told. */
#ifndef FARMLOCK_LOCKREAP_OUTCOME_H
#define FARMLOCK_LOCKREAP_OUTCOME_H

#include "print.h"
#include "reap.h"

/* Says what went wrong, if anything.  Returns the status to exit with. */
int outcome_tell(enum reap_result result, const char *error);

/* Ends what is printed of a look, or says why it cannot be.  Returns the status to exit with. */
int outcome_print(struct reap_print *print);

#endif
