/* What is an entry of the history goes one way, and what is missing another.
 * Must not look at anything else of them. */
#include "target.h"

int report_target_take(void *target, const struct store_history *entry)
{
    const struct report_target *self = target;

    return entry->past == STORE_PAST_HOLE ? hole_list_add(self->holes, entry)
                                          : self->take(self->context, entry);
}
