/* getaddrinfo(3) in at most a handful of threads, so that one slow name delays no other.
 * Must not touch anything of the asking thread's but the two queues. */
#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/thread.h"
#include "name.h"

enum {
    DESTROY_WAIT_MS = 50,
    /* For the name service's modules.  What a program has for itself may be a gigabyte. */
    STACK_BYTES = 2 * 1024 * 1024,
};

struct job {
    STAILQ_ENTRY(job) next;
    struct resolver_result result;
    char host[];
};

STAILQ_HEAD(job_queue, job);

struct resolver {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    struct job_queue todo, done;
    int workers; /* threads that still use this object */
    bool abandoned;
    int fd;
    pid_t process; /* that the threads are of */
};

struct resolver *resolver_create(void)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (resolver == NULL)
        return NULL;
    resolver->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolver->fd < 0) {
        free(resolver);
        return NULL;
    }
    resolver->process = getpid();
    pthread_mutex_init(&resolver->lock, NULL);
    thread_cond_init(&resolver->idle);
    STAILQ_INIT(&resolver->todo);
    STAILQ_INIT(&resolver->done);
    return resolver;
}

static void drop_jobs(struct job_queue *queue)
{
    struct job *job;

    while ((job = STAILQ_FIRST(queue)) != NULL) {
        STAILQ_REMOVE_HEAD(queue, next);
        free(job);
    }
}

static void resolver_free(struct resolver *resolver)
{
    drop_jobs(&resolver->todo);
    drop_jobs(&resolver->done);
    pthread_cond_destroy(&resolver->idle);
    pthread_mutex_destroy(&resolver->lock);
    close(resolver->fd);
    free(resolver);
}

/* With the lock held. */
static bool wait_for_workers(struct resolver *resolver)
{
    struct timespec until = thread_after_us(DESTROY_WAIT_MS * INT64_C(1000));

    while (resolver->workers > 0) {
        if (pthread_cond_timedwait(&resolver->idle, &resolver->lock, &until) != 0)
            break;
    }
    return resolver->workers == 0;
}

void resolver_destroy(struct resolver *resolver)
{
    bool alone;

    if (resolver == NULL)
        return;
    if (resolver->process != getpid()) {
        /* A thread that is not here may have had the lock. */
        close(resolver->fd);
        return;
    }
    pthread_mutex_lock(&resolver->lock);
    drop_jobs(&resolver->todo);
    alone = wait_for_workers(resolver);
    resolver->abandoned = true;
    pthread_mutex_unlock(&resolver->lock);
    if (alone)
        resolver_free(resolver);
}

int resolver_fd(const struct resolver *resolver)
{
    return resolver->fd;
}

static void take_addresses(struct resolver_result *result, const struct addrinfo *list)
{
    result->count = 0;
    for (; list != NULL && result->count < RESOLVER_ADDRESSES_MAX; list = list->ai_next) {
        union resolver_address *address = &result->addresses[result->count];

        if (list->ai_addrlen > sizeof *address)
            continue;
        memset(address, 0, sizeof *address);
        memcpy(address, list->ai_addr, list->ai_addrlen);
        result->count++;
    }
}

static void look_up(const char *host, int flags, struct resolver_result *result)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = flags};
    struct addrinfo *list;

    result->count = 0;
    result->error = name_look_up(host, NULL, &hints, &list);
    if (result->error != 0)
        return;
    take_addresses(result, list);
    freeaddrinfo(list);
}

bool resolver_parse_address(const char *host, struct resolver_result *result)
{
    look_up(host, AI_NUMERICHOST, result);
    return result->error == 0;
}

void resolver_block(const char *host, struct resolver_result *result)
{
    look_up(host, 0, result);
}

static void *work(void *arg)
{
    struct resolver *resolver = arg;
    struct job *job;
    bool last;

    pthread_mutex_lock(&resolver->lock);
    while ((job = STAILQ_FIRST(&resolver->todo)) != NULL) {
        STAILQ_REMOVE_HEAD(&resolver->todo, next);
        pthread_mutex_unlock(&resolver->lock);
        look_up(job->host, 0, &job->result);
        pthread_mutex_lock(&resolver->lock);
        STAILQ_INSERT_TAIL(&resolver->done, job, next);
        descriptor_notify(resolver->fd);
    }
    resolver->workers--;
    pthread_cond_signal(&resolver->idle);
    last = resolver->abandoned && resolver->workers == 0;
    pthread_mutex_unlock(&resolver->lock);
    if (last)
        resolver_free(resolver);
    return NULL;
}

int resolver_submit(struct resolver *resolver, const char *host, void *context)
{
    size_t size = strlen(host) + 1;
    struct job *job = calloc(1, sizeof *job + size);
    int error = 0;

    if (job == NULL)
        return -1;
    memcpy(job->host, host, size);
    job->result.context = context;
    pthread_mutex_lock(&resolver->lock);
    STAILQ_INSERT_TAIL(&resolver->todo, job, next);
    if (resolver->workers < RESOLVER_AT_ONCE) {
        error = thread_start(NULL, STACK_BYTES, work, resolver);
        if (error == 0)
            resolver->workers++;
        else if (resolver->workers == 0)
            STAILQ_REMOVE(&resolver->todo, job, job, next);
        else
            error = 0;
    }
    pthread_mutex_unlock(&resolver->lock);
    if (error != 0) {
        free(job);
        errno = EAGAIN;
        return -1;
    }
    return 0;
}

bool resolver_next(struct resolver *resolver, struct resolver_result *result)
{
    struct job *job;
    uint64_t count;

    pthread_mutex_lock(&resolver->lock);
    job = STAILQ_FIRST(&resolver->done);
    if (job != NULL)
        STAILQ_REMOVE_HEAD(&resolver->done, next);
    else if (read(resolver->fd, &count, sizeof count) < 0)
        count = 0;
    pthread_mutex_unlock(&resolver->lock);
    if (job == NULL)
        return false;
    *result = job->result;
    free(job);
    return true;
}
