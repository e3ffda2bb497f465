/* Why a server's list cannot be shown. */
#ifndef FARMLOCK_LOCKERSH_LIST_FAILURE_H
#define FARMLOCK_LOCKERSH_LIST_FAILURE_H

#include "locktable/filter.h"

/* Says what an errno means of a list that a server has given, EPROTO, E2BIG, ENOMEM, or ENOTSUP: it
 * does not tell what the filter goes by, which may be NULL without that.  Returns the status to
 * exit with. */
int list_failure(int number, const struct list_filter *filter);

#endif
