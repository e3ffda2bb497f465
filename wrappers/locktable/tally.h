/* How much each user, host, job or pool holds and waits for. */
#ifndef FARMLOCK_LOCKTABLE_TALLY_H
#define FARMLOCK_LOCKTABLE_TALLY_H

#include "row.h"

enum tally_by { TALLY_USER, TALLY_HOST, TALLY_JOB, TALLY_POOL, TALLY_NOTHING };

/* What they are called, in that order. */
#define TALLY_WORDS "user|host|job|pool"

/* Sums up what a filter lets through, and adds a row for each.  Returns what the rows point to, for
 * the caller to free(3) behind them; NULL with errno ENOMEM. */
struct row_tally *tally_add_rows(struct table_rows *rows, const struct ipclocker_list *list,
                                 const struct list_filter *filter, enum tally_by by);

#endif
