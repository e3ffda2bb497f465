/* What is written to an open state file, and the history that is read from it. */
#ifndef FARMLOCK_STORE_STATEMENT_H
#define FARMLOCK_STORE_STATEMENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "bound.h"
#include "history_blocks.h"

enum store_statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_PUT,
    STATEMENT_DROP,
    STATEMENT_COUNTERS,
    STATEMENT_HOST,
    STATEMENT_CLOCK,
    STATEMENT_UNUSABLE,
    STATEMENT_USABLE,
    STATEMENT_PROBE,
    STATEMENT_HISTORY,
    STATEMENT_BLOCK,
    STATEMENT_FORGET_BLOCKS,
    STATEMENT_TRIM,
    STATEMENT_SIZE,
    STATEMENT_TRIM_OLDEST,
    STATEMENT_QUERY,
    STATEMENT_CHECKPOINT,
    STATEMENT_EMPTY_LOG,
    STATEMENTS,
};

struct store_counters {
    uint64_t ticket, token;
};

/* The statements of one database.  All zero is none. */
struct store_statements {
    sqlite3 *db; /* which is not theirs to close */
    int64_t history_ms, history_bytes;
    int64_t line_ms, keep_until_ms; /* see struct store_clock; 0 until it was told */
    int64_t told_ms;                /* CLOCK_BOOTTIME when it was */
    struct store_bound prepared[STATEMENTS];
    struct store_address peer;      /* that was written last */
    struct history_block block;     /* of the history, that is being filled */
    struct store_counters reserved; /* as the file has them; 0 before the first commit */
    int64_t sync_us;      /* how long a commit takes without its statements: of the last two */
    int64_t last_sync_us; /* of the last one */
};

/* Prepares all of them for the database that the options name.  Returns -1 with errno and *error as
 * store_open() does; then, too, store_statement_finalize() is to be called before `db` is closed.
 */
int store_statement_prepare(struct store_statements *self, sqlite3 *db,
                            const struct store_options *options, char error[STORE_ERROR_SIZE]);
void store_statement_finalize(struct store_statements *self);

/* Writes batches in one transaction, all or none of them.  Returns SQLITE_OK or what went wrong,
 * which store_error_describe() then describes, until the next call.
 */
int store_statement_write(struct store_statements *self, const struct store_batch_queue *work);

/* Rolls back what a failed write has left, if it has. */
void store_statement_roll_back(struct store_statements *self);

/* Copies what it can of the write-ahead log to the file, so that the log begins anew. */
void store_statement_checkpoint(struct store_statements *self);

/* Removes some of the history that is too old.  Returns whether there may be more. */
bool store_statement_trim(struct store_statements *self);

/* Answers a query. */
void store_statement_query(struct store_statements *self, struct store_query *query);

#endif
