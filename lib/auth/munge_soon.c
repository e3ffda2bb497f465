/* A credential from a thread, waited for a while.
 * Must not leave anything to a thread that nobody waits for but what it frees itself. */
#include "munge_soon.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/thread.h"

struct making {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool is_done, is_left; /* by the thread; by who waits */
    char *socket;
    uid_t reader;
    struct seal_nonce nonce;
    struct siphash_key key;
    char *text;
    char why[MUNGE_WHY_SIZE];
};

static void destroy(struct making *making)
{
    pthread_cond_destroy(&making->news);
    pthread_mutex_destroy(&making->lock);
    free(making->socket);
    free(making->text);
    explicit_bzero(making, sizeof *making);
    free(making);
}

static void *work(void *context)
{
    struct making *making = context;
    char why[MUNGE_WHY_SIZE] = "";
    char *text = munge_make(making->socket, making->reader, &making->nonce, &making->key, why);
    bool is_left;

    pthread_mutex_lock(&making->lock);
    making->text = text;
    memcpy(making->why, why, sizeof why);
    making->is_done = true;
    is_left = making->is_left;
    pthread_cond_signal(&making->news);
    pthread_mutex_unlock(&making->lock);
    if (is_left)
        destroy(making);
    return NULL;
}

static struct making *create(const char *socket)
{
    struct making *making = calloc(1, sizeof *making);

    if (making == NULL)
        return NULL;
    pthread_mutex_init(&making->lock, NULL);
    thread_cond_init(&making->news);
    making->socket = socket != NULL ? strdup(socket) : NULL;
    return making;
}

/* Returns what the thread has made, or NULL when that is late. */
static char *await(struct making *making, int limit_ms, char why[MUNGE_WHY_SIZE])
{
    struct timespec until = thread_after_us(limit_ms * INT64_C(1000));
    char *text = NULL;
    bool is_done;
    int result = 0;

    pthread_mutex_lock(&making->lock);
    while (!making->is_done && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&making->news, &making->lock, &until);
    is_done = making->is_done;
    making->is_left = !is_done;
    if (is_done) {
        text = making->text;
        making->text = NULL;
        memcpy(why, making->why, MUNGE_WHY_SIZE);
    } else {
        snprintf(why, MUNGE_WHY_SIZE, "munged does not answer");
    }
    pthread_mutex_unlock(&making->lock);
    if (is_done)
        destroy(making);
    return text;
}

char *munge_make_soon(const char *socket, uid_t reader, const struct seal_nonce *nonce,
                      const struct siphash_key *key, int limit_ms, char why[MUNGE_WHY_SIZE])
{
    struct making *making = create(socket);

    if (making == NULL) {
        snprintf(why, MUNGE_WHY_SIZE, "out of memory");
        return NULL;
    }
    making->reader = reader;
    making->nonce = *nonce;
    making->key = *key;
    if (thread_start(NULL, 0, work, making) != 0) {
        snprintf(why, MUNGE_WHY_SIZE, "no thread can be had");
        destroy(making);
        return NULL;
    }
    return await(making, limit_ms, why);
}
