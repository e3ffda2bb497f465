/* What the thread of HTTP asks the thread whose numbers it shows, and the answers: two queues, each
 * with a descriptor that polls readable while there is something in it.
 *
 * Neither side waits for the other but in its own loop, and neither holds the lock for longer than
 * it takes to link an item.
 */
#ifndef FARMLOCK_HTTP_CALLS_H
#define FARMLOCK_HTTP_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http.h"
#include "shared_text.h"

STAILQ_HEAD(call_queue, http_call);
STAILQ_HEAD(text_queue, shared_text);

struct calls {
    pthread_mutex_t lock;
    struct call_queue asked, answered;
    struct text_queue returned;
    int owner_fd, service_fd;
};

/* Returns 0, or -1 with errno. */
int calls_init(struct calls *calls);

/* Frees calls that nobody will answer, too; there are no answers and texts left. */
void calls_fini(struct calls *calls);

/* Of the thread of HTTP: asks, which takes the call; the next answer, for the caller to free, or
 * NULL. */
void calls_ask(struct calls *calls, struct http_call *call);
struct http_call *calls_next_answer(struct calls *calls);

/* Of the owner's thread: the next call, or NULL; answers it, which takes it. */
struct http_call *calls_next(struct calls *calls);
void calls_answer(struct calls *calls, struct http_call *call);

/* Of any: gives a text back to the owner's thread; there, the next one, or NULL. */
void calls_return(struct calls *calls, struct shared_text *text);
struct shared_text *calls_next_returned(struct calls *calls);

/* Wake one of them for something else. */
void calls_wake_service(struct calls *calls);
void calls_wake_owner(struct calls *calls);

/* To be called when a descriptor was readable, before the queue is looked at. */
void calls_hear(int fd);

#endif
