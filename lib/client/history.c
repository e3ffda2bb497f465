/* What has ended, from the history of a server, row by row as it comes.
 * Must not keep the rows: there may be millions. */
#include <errno.h>
#include <string.h>

#include "base/error_text.h"
#include "base/text.h"
#include "connection.h"
#include "engine.h"
#include "error.h"

enum {
    ANSWER_MS = 60000,            /* for a part: the server looks for it on its disk */
    ALL_MS = 600000,              /* for all parts */
    EMPTY_PARTS_MAX = 100,        /* one may be of rows that nobody understands */
    ROWS_OF_A_PART_MAX = 1100000, /* lockerd's have a thousand, and the last all that is held */
};

struct question {
    uint64_t since_ms, until_ms;
    uint64_t after;       /* where the next part begins; 0: the first one */
    size_t rows;          /* of this part so far */
    unsigned empty_parts; /* in a row */
    ipclocker_history_fn *take;
    void *context;
};

static int write_history(struct ipclocker *lock)
{
    const struct question *question = lock->call.argument;
    struct buffer *out = &lock->connection.out;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, without history");
    buffer_add_text(out, "HISTORY ");
    buffer_add_number(out, question->since_ms);
    buffer_add(out, " ", 1);
    buffer_add_number(out, question->until_ms);
    buffer_add(out, " ", 1);
    buffer_add_number(out, question->after);
    /* An older server passes over the word. */
    buffer_add_text(out, " by\n");
    return 0;
}

/* Fails in the middle of an answer: nobody wants the rest of it. */
static int break_off(struct ipclocker *lock, int number, const char *what, const char *why)
{
    client_connection_close(lock);
    return client_error_set(lock, number, "%s: %s", what, why);
}

static int pass_on(struct ipclocker *lock, const struct ipclocker_history_row *row)
{
    struct question *question = lock->call.argument;
    int number;

    if (++question->rows > ROWS_OF_A_PART_MAX)
        return break_off(lock, EPROTO, "the server", "what it says has no end");
    if (question->take(question->context, row) != 0) {
        number = errno;
        return break_off(lock, number, "cannot keep the history",
                         number == EFBIG ? "it is too long; ask for less of it"
                                         : error_text(number));
    }
    client_engine_await_answer(lock);
    return 0;
}

/* The end of a part.  A server that goes round in a circle would keep us for ever. */
static int ask_for_more(struct ipclocker *lock, uint64_t next)
{
    struct question *question = lock->call.argument;

    if (next == 0)
        return 1;
    question->empty_parts = question->rows > 0 ? 0 : question->empty_parts + 1;
    if (next <= question->after || question->empty_parts > EMPTY_PARTS_MAX)
        return break_off(lock, EPROTO, "the server", "its history does not go on");
    question->after = next;
    question->rows = 0;
    client_engine_await_answer(lock);
    return write_history(lock);
}

static int take_refusal(struct ipclocker *lock, const char *error)
{
    char shown[160];

    text_clean(shown, sizeof shown, error, strlen(error));
    return client_error_set(lock, EPROTO, "the server refused: %s", shown);
}

static int take_history_answer(struct ipclocker *lock, const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_PAST:
        return pass_on(lock, &answer->past);
    case ANSWER_HISTORY:
        return ask_for_more(lock, answer->number);
    case ANSWER_STATUS:
        return answer->error != NULL ? take_refusal(lock, answer->error) : 0;
    default:
        return 0;
    }
}

static const struct client_operation history_operation = {
    .is_ours = true,
    .asks_once = true,
    .answer_ms = ANSWER_MS,
    .write = write_history,
    .take = take_history_answer,
};

int ipclocker_history(struct ipclocker *lock, int64_t since_ms, int64_t until_ms,
                      ipclocker_history_fn *take, void *context)
{
    struct question question = {
        .since_ms = since_ms > 0 ? (uint64_t)since_ms : 0,
        .until_ms = until_ms > 0 ? (uint64_t)until_ms : 0,
        .take = take,
        .context = context,
    };

    return client_engine_run(lock, &history_operation, &question, ALL_MS);
}
