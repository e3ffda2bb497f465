/* Looking for the groups of the system that a configuration names, while a server serves. */
#ifndef FARMLOCK_GROUP_CHECK_H
#define FARMLOCK_GROUP_CHECK_H

#include <stdbool.h>

#include <event2/event.h>

#include "rules/rules.h"

/* Called in the loop; the faults have been logged. */
typedef void group_check_done_fn(void *context, bool is_sound);

/* Has a thread ask the group database for all of them; the rules are to stay until `done` is
 * called, which may be never where the database hangs.  One at a time.  Returns -1 with errno where
 * there is no thread to be had. */
int group_check_start(struct event_base *base, const struct rules *rules, group_check_done_fn *done,
                      void *context);
bool group_check_is_under_way(void);

#endif
