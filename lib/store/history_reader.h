/* The history, read beside the committer by a thread and a database connection of its own, so that
 * no commit waits for a question.
 */
#ifndef FARMLOCK_STORE_HISTORY_READER_H
#define FARMLOCK_STORE_HISTORY_READER_H

#include "engine.h"

struct store_history_reader;

/* What becomes of a query, on the reader's thread: `is_answered` says whether it could be read; if
 * not, nothing was written to it. */
typedef void store_history_done_fn(void *context, struct store_query *query, bool is_answered);

/* Begins to read the file at `path`, which is copied; there is no thread before the first question.
 * NULL with errno ENOMEM. */
struct store_history_reader *store_history_reader_create(const char *path,
                                                         store_history_done_fn *done,
                                                         void *context);

/* Asks.  Returns false when there is no thread for it. */
bool store_history_reader_ask(struct store_history_reader *self, struct store_query *query);

/* Ends the thread, and frees it with all that was not answered.  On a disk that hangs it is left
 * alone after a second, and calls nobody any more. */
void store_history_reader_destroy(struct store_history_reader *self);

#endif
