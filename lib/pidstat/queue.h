/* A queue of entries that live inside their owners, whatever these are. */
#ifndef FARMLOCK_PIDSTAT_QUEUE_H
#define FARMLOCK_PIDSTAT_QUEUE_H

#include <sys/queue.h>

struct queue_entry {
    TAILQ_ENTRY(queue_entry) in_queue;
};

TAILQ_HEAD(queue, queue_entry);

#endif
