/* The loop of a daemon.
 * Must not run it. */
#include "event_loop.h"

#include <errno.h>
#include <event2/event.h>

#include "base/descriptor.h"

enum { LOOP_DESCRIPTORS = 3 }; /* libevent's set, and a pair for signals */

struct event_base *event_loop_create(void)
{
    struct event_base *base;

    if (descriptor_spare(LOOP_DESCRIPTORS) != 0)
        return NULL;
    base = event_base_new();
    if (base == NULL)
        errno = ENOMEM;
    return base;
}
