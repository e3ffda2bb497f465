/* The thread that keeps batches in a state file, and what it shares with its caller. */
#ifndef FARMLOCK_STORE_COMMITTER_H
#define FARMLOCK_STORE_COMMITTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "connection.h"
#include "engine.h"
#include "gather.h"
#include "history_reader.h"

struct store_committer {
    struct store store;
    int news_fd;

    /* The thread's, once there is a batch; before that, and while it is lent, the caller's. */
    struct store_connection connection;

    struct store_history_reader *history; /* the caller's */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake, idle;
    struct store_batch_queue queue;
    struct store_query_queue asked, answered;
    struct store_gather gather;
    bool busy; /* the thread is at the database */
    bool lent; /* the caller is: the thread has to wait */
    bool closing, failed;
    bool written_anew; /* since the last store_progress() */
    bool ended;        /* the thread has, or will with its next step */
    bool abandoned;    /* the caller has not waited for that: the thread frees this */
    uint64_t committed, committed_bytes;
    char error[STORE_ERROR_SIZE];
};

/* Opens the file that the options name; there is no thread yet.  Returns NULL with errno and *error
 * as store_open() does.
 */
struct store_committer *store_committer_create(const struct store_engine *engine,
                                               const struct store_options *options,
                                               char error[STORE_ERROR_SIZE]);

/* There must be no thread, or one that has ended. */
void store_committer_destroy(struct store_committer *self);

/* Starts the thread if there is none yet; when that fails, the store has failed.  Is called with
 * the mutex.
 */
void store_committer_start(struct store_committer *self);

/* Has the thread do what there is to do and end; waits for that for STORE_CLOSE_S.  Returns whether
 * it has ended; if not, it frees `self` when it does.
 */
bool store_committer_end(struct store_committer *self);

/* For the history's reader: see store_history_done_fn.  What it cannot read, as the file is not in
 * its place, the committer's thread reads. */
void store_committer_take_answer(void *committer, struct store_query *query, bool is_answered);

/* Forgets the batches that wait.  Is called with the mutex. */
void store_committer_forget(struct store_committer *self);

#endif
