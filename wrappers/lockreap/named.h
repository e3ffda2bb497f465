/* Jobs that somebody says are over: --job, --epilog and --ended-from. */
#ifndef FARMLOCK_LOCKREAP_NAMED_H
#define FARMLOCK_LOCKREAP_NAMED_H

#include "print.h"
#include "settings.h"

/* Release what these jobs have, without a question to their scheduler.  Return the status to exit
 * with, having said what went wrong.
 */
int named_release(const struct settings *settings, struct reap_print *print);
int named_release_listed(const struct settings *settings, struct reap_print *print);

#endif
