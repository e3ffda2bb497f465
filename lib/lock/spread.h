/* When locks were last given back: for who wants the one of a group that was used longest ago, so
 * that boards wear evenly.  Nothing is known of a name before somebody has asked so, and of none
 * after a restart, as of the seats of a pool. */
#ifndef FARMLOCK_LOCK_SPREAD_H
#define FARMLOCK_LOCK_SPREAD_H

#include "request.h"
#include "types.h"

enum { SPREAD_NAMES_MOST = 8192 }; /* those that were asked for last are known */

/* Puts the names of the groups of a demand that are spread in the order of their last use, those of
 * which none is known first; what is alike stays in the order of the demand.  Without memory
 * nothing changes. */
void lock_spread_sort(struct lock_table *table, struct lock_want *want);

/* A lock was given back. */
void lock_spread_note(struct lock_table *table, const char *name);

void lock_spread_destroy(struct lock_table *table);

#endif
