/* The loop of a daemon. */
#ifndef FARMLOCK_EVENT_LOOP_H
#define FARMLOCK_EVENT_LOOP_H

struct event_base;

/* Makes a loop for event_base_free().  Returns NULL with errno, where libevent alone would end the
 * process: EMFILE, ENFILE, ENOMEM. */
struct event_base *event_loop_create(void);

#endif
