/* Feeds what a lock server may say to the client's parser, whole and byte by byte.
 * Must not need a server: what is parsed is all that counts. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/siphash.h"
#include "client/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that was told, as one number. */
struct told {
    uint64_t sum;
    size_t count;
};

static void add_bytes(struct told *told, const void *bytes, size_t len)
{
    const struct siphash_key key = {.words = {told->sum, 1}};

    told->sum = siphash(&key, bytes, len);
}

static void add_text(struct told *told, const char *text)
{
    add_bytes(told, text != NULL ? text : "-", text != NULL ? strlen(text) + 1 : 1);
}

static void add_past(struct told *told, const struct ipclocker_history_row *row)
{
    const int64_t numbers[] = {row->past,     (int64_t)row->pid, (int64_t)row->token,
                               row->asked_ms, row->granted_ms,   row->ended_ms};

    assert(row->owner != NULL && row->locks != NULL);
    add_bytes(told, numbers, sizeof numbers);
    add_text(told, row->reason);
    add_text(told, row->locks);
    add_text(told, row->owner);
    add_text(told, row->host);
    add_text(told, row->job);
}

static void add_answer(struct told *told, const struct answer *answer)
{
    const uint64_t numbers[] = {answer->kind, answer->number, answer->start,
                                (uint64_t)answer->held_ms, answer->locked};

    assert(answer->text != NULL && answer->lock != NULL);
    add_bytes(told, numbers, sizeof numbers);
    add_text(told, answer->text);
    add_text(told, answer->lock);
    add_text(told, answer->error);
    for (size_t i = 0; i < answer->name_count; i++)
        add_text(told, answer->names[i]);
    if (answer->kind == ANSWER_PAST)
        add_past(told, &answer->past);
    told->count++;
}

/* Returns false when the conversation is over. */
static bool take_answers(struct answer_parser *parser, struct told *told)
{
    struct answer answer = {0};
    enum answer_kind kind;

    while ((kind = answer_parser_next(parser, &answer)) != ANSWER_NONE) {
        if (kind == ANSWER_BAD)
            return false;
        assert(kind == answer.kind);
        add_answer(told, &answer);
    }
    return true;
}

static struct told parse(const uint8_t *data, size_t size, size_t step)
{
    struct answer_parser parser = {0};
    struct told told = {0};
    size_t len;

    for (size_t at = 0; at < size; at += len) {
        len = size - at < step ? size - at : step;
        assert(answer_parser_feed(&parser, data + at, len));
        if (!take_answers(&parser, &told))
            break;
    }
    add_text(&told, answer_parser_last_error(&parser));
    answer_parser_fini(&parser);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told whole = parse(data, size, size);
    struct told cut = parse(data, size, 1);

    /* How the bytes come together says nothing. */
    assert(whole.count == cut.count && whole.sum == cut.sum);
    return 0;
}
