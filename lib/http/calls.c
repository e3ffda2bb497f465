/* The queues between the two threads.
 * Must not know what is asked. */
#include "calls.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/descriptor.h"

int calls_init(struct calls *calls)
{
    STAILQ_INIT(&calls->asked);
    STAILQ_INIT(&calls->answered);
    STAILQ_INIT(&calls->returned);
    calls->owner_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    calls->service_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (calls->owner_fd < 0 || calls->service_fd < 0) {
        descriptor_close(calls->owner_fd);
        descriptor_close(calls->service_fd);
        return -1;
    }
    pthread_mutex_init(&calls->lock, NULL);
    return 0;
}

static void wake(int fd)
{
    /* It cannot be full: then it would be readable already. */
    eventfd_write(fd, 1);
}

void calls_hear(int fd)
{
    eventfd_t count;

    eventfd_read(fd, &count);
}

static struct http_call *next(struct calls *calls, struct call_queue *queue)
{
    struct http_call *call;

    pthread_mutex_lock(&calls->lock);
    call = STAILQ_FIRST(queue);
    if (call != NULL)
        STAILQ_REMOVE_HEAD(queue, queue);
    pthread_mutex_unlock(&calls->lock);
    return call;
}

static void add(struct calls *calls, struct call_queue *queue, struct http_call *call, int fd)
{
    pthread_mutex_lock(&calls->lock);
    STAILQ_INSERT_TAIL(queue, call, queue);
    pthread_mutex_unlock(&calls->lock);
    wake(fd);
}

void calls_ask(struct calls *calls, struct http_call *call)
{
    add(calls, &calls->asked, call, calls->owner_fd);
}

struct http_call *calls_next(struct calls *calls)
{
    return next(calls, &calls->asked);
}

void calls_answer(struct calls *calls, struct http_call *call)
{
    add(calls, &calls->answered, call, calls->service_fd);
}

struct http_call *calls_next_answer(struct calls *calls)
{
    return next(calls, &calls->answered);
}

void calls_return(struct calls *calls, struct shared_text *text)
{
    pthread_mutex_lock(&calls->lock);
    STAILQ_INSERT_TAIL(&calls->returned, text, returned);
    pthread_mutex_unlock(&calls->lock);
    wake(calls->owner_fd);
}

struct shared_text *calls_next_returned(struct calls *calls)
{
    struct shared_text *text;

    pthread_mutex_lock(&calls->lock);
    text = STAILQ_FIRST(&calls->returned);
    if (text != NULL)
        STAILQ_REMOVE_HEAD(&calls->returned, returned);
    pthread_mutex_unlock(&calls->lock);
    return text;
}

void calls_wake_service(struct calls *calls)
{
    wake(calls->service_fd);
}

void calls_wake_owner(struct calls *calls)
{
    wake(calls->owner_fd);
}

void calls_fini(struct calls *calls)
{
    struct http_call *call;

    while ((call = calls_next(calls)) != NULL)
        free(call);
    close(calls->owner_fd);
    close(calls->service_fd);
    pthread_mutex_destroy(&calls->lock);
}
