/* What the files of the SQLite engine share: the database connection and its layout. */
#ifndef FARMLOCK_STORE_SQLITE_H
#define FARMLOCK_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "engine.h"

/* Opens the database, brings its layout up to date, and says how safe a commit is to be.  Returns
 * NULL with errno and *error as store_open() does.
 */
sqlite3 *store_schema_open(const struct store_options *options, char error[STORE_ERROR_SIZE]);

enum store_layout {
    STORE_LAYOUT_EMPTY,
    STORE_LAYOUT_FOREIGN, /* another program's database */
    STORE_LAYOUT_EARLIER,
    STORE_LAYOUT_OURS,
    STORE_LAYOUT_LATER, /* an older program would lose what it does not know */
};

/* Looks whose database it is, and of which version: the number is for a message.  Returns SQLite's
 * result.
 */
int store_schema_examine(sqlite3 *db, enum store_layout *layout, int64_t *version);

/* Reads all live requests and counters. */
int store_schema_load(sqlite3 *db, const char *path, struct store_loader *loader,
                      char error[STORE_ERROR_SIZE]);

/* Writes what SQLite has to complain about, with the system's reason if there is one, and returns
 * the errno that goes with it.  SQLite does not keep that of a commit: errno is taken, so this is
 * to be called at once.
 */
int store_schema_describe(sqlite3 *db, int result, char *text, size_t size);

/* The columns of a live request, in the order of the statements that read and write it. */
#define STORE_REQUEST_COLUMNS                                                                  \
    "ticket, token, owner, host, boot, job, pid, start, pid_namespace, autounlock, asked_ms, " \
    "granted_ms, hold_ms, deadline_ms, demand"

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_PUT,
    STATEMENT_DROP,
    STATEMENT_COUNTERS,
    STATEMENT_HOST,
    STATEMENT_PROBE,
    STATEMENT_HISTORY,
    STATEMENT_TRIM,
    STATEMENT_QUERY,
    STATEMENT_CHECKPOINT,
    STATEMENT_EMPTY_LOG,
    STATEMENTS,
};

STAILQ_HEAD(batch_queue, store_batch);

struct counters {
    uint64_t ticket, token;
};

/* Where the state file is, and which file that is. */
struct store_place {
    char *path, *log_path; /* without symbolic links; the write-ahead log's is beside it */
    dev_t device;
    ino_t inode, log_inode; /* the log's is 0 before it was seen */
};

struct store_sqlite {
    struct store store;
    struct store_options options;
    char *path; /* the options' */
    int lock_fd, news_fd;

    /* The thread's, once there is a batch; before that, the caller's. */
    sqlite3 *db; /* NULL when it could not be opened anew */
    struct store_place place;
    sqlite3_stmt *statements[STATEMENTS];
    struct counters reserved; /* as the file has them; 0 before the first commit */
    int64_t sync_us;          /* how long a commit takes without its statements: of the last two */
    int64_t last_sync_us;     /* of the last one */
    int log_pages;            /* in the write-ahead log */
    int copied_pages;         /* of them that were there when it was copied to the file */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake, idle;
    struct batch_queue queue;
    struct store_query_queue asked, answered;
    bool busy;             /* the thread is at the database */
    bool lent;             /* the caller is: the thread has to wait */
    size_t queued_changes; /* of requests, in the queue */
    size_t wanted_changes; /* so many are to wake the thread; 0: any */
    size_t last_changes;   /* in the last commit */
    size_t next_changes;   /* that were in the queue at its end */
    bool closing, failed;
    bool written_anew; /* since the last store_progress() */
    bool ended;        /* the thread has, or will with its next step */
    bool abandoned;    /* the caller has not waited for that: the thread frees this */
    uint64_t committed;
    char error[STORE_ERROR_SIZE];
};

/* Opens what the options name, which is there, and prepares its statements.  Returns -1 with errno
 * and *error as store_open() does. */
int store_sqlite_connect(struct store_sqlite *self, char error[STORE_ERROR_SIZE]);
void store_sqlite_disconnect(struct store_sqlite *self);

/* place.c */

/* Remembers which file was opened.  Returns -1 with errno and *error. */
int store_place_note(struct store_sqlite *self, char error[STORE_ERROR_SIZE]);

/* Is to be called when the file was closed: takes away what SQLite leaves of one that is gone. */
void store_place_leave(const struct store_place *place);
void store_place_fini(struct store_place *place);

/* Looks whether the file that was opened is still the one that the next start will find, with its
 * log; one that was removed is written anew, with all that was in it.  Returns whether it was; -1
 * with errno and *error when that is not possible, and ESTALE when another file is in its place.
 */
int store_place_keep(struct store_sqlite *self, char error[STORE_ERROR_SIZE]);

/* gather.c */

/* So much later by the monotonic clock, as pthread_cond_timedwait(3) wants it. */
struct timespec store_sqlite_after_us(int64_t us);

/* Waits before a commit.  Clients that were answered together ask again together, one a little
 * behind the other: a commit that did not wait for the rest would make it wait for a whole commit.
 * Who is alone never waits, and on a fast disk nobody does.  Is called with the mutex, and returns
 * with it.
 */
void store_gather(struct store_sqlite *self);

/* statement.c */

/* Returns -1 with errno and *error as store_open() does. */
int store_statement_prepare(struct store_sqlite *self, char error[STORE_ERROR_SIZE]);
void store_statement_finalize(struct store_sqlite *self);

/* Writes batches in one transaction, all or none of them.  Returns SQLITE_OK or what went wrong,
 * which store_schema_describe() then describes, until the next call.
 */
int store_statement_write(struct store_sqlite *self, const struct batch_queue *work);

/* Rolls back what a failed write has left, if it has. */
void store_statement_roll_back(struct store_sqlite *self);

/* Copies what it can of the write-ahead log to the file, so that the log begins anew. */
void store_statement_checkpoint(struct store_sqlite *self);

/* Removes some of the history that is too old.  Returns whether there may be more. */
bool store_statement_trim(struct store_sqlite *self);

/* Answers a query. */
void store_statement_query(struct store_sqlite *self, struct store_query *query);

#endif
