/* Hears that a lock was taken from its holder.
 * Must not take another grant's loss for ours. */
#include "loss.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "error.h"

enum { TEXT_SIZE = 400 };

static const char UNLOCKED[] = "unlocked";

/* Why, in words; a server may have a reason that we do not know. */
static const char *reason_in_words(const char *word)
{
    static const struct {
        const char *word, *text;
    } reasons[] = {
        {UNLOCKED, "its owner has given it back"},
        {"broken", "it was broken, as by lockersh --break"},
        {"hold-limit", "it was held as long as it may be"},
        {"dead", "its owner was reported dead"},
        {"job-end", "its job was reported to have ended"},
        {"silent", "the server has heard nothing of us for too long"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strcmp(reasons[i].word, word) == 0)
            return reasons[i].text;
    }
    return "the server has taken it back";
}

void client_loss_expect(struct ipclocker *lock, const struct answer *answer)
{
    int64_t now_ms = clock_now_ms(), left_ms = answer->left_ms;

    /* A classic server does not tell, and goes by what we asked for. */
    if (lock->connection.dialect == DIALECT_CLASSIC && lock->set.hold_limit_s > 0 &&
        lock->set.hold_limit_s < INT64_MAX / 1000)
        left_ms = (int64_t)lock->set.hold_limit_s * 1000;
    lock->grant.lost = NULL;
    lock->grant.given_back = false;
    lock->grant.limit_ms =
        left_ms < 0 || left_ms > CLIENT_NEVER - now_ms ? CLIENT_NEVER : now_ms + left_ms;
}

static void describe(const struct ipclocker *lock, char out[TEXT_SIZE])
{
    char names[256];

    text_clean(names, sizeof names, lock->grant.names.data, strlen(lock->grant.names.data));
    snprintf(out, TEXT_SIZE, "the lock %s was lost: %s", names, lock->grant.lost);
}

int client_loss_fail(struct ipclocker *lock)
{
    char text[TEXT_SIZE];

    describe(lock, text);
    return client_error_set(lock, lock->grant.given_back ? ECANCELED : ENOLCK, "%s", text);
}

static void put_off(struct ipclocker *lock, const struct answer *answer)
{
    int64_t now_ms = clock_now_ms();
    uint64_t left_ms;

    if (!lock->grant.held || answer->number != lock->grant.token)
        return;
    if (number_parse(answer->text, (uint64_t)(CLIENT_NEVER - now_ms), &left_ms) == 0)
        lock->grant.limit_ms = now_ms + (int64_t)left_ms;
}

bool client_loss_take(struct ipclocker *lock, const struct answer *answer)
{
    char text[TEXT_SIZE];

    if (answer->kind == ANSWER_EXTENDED) {
        put_off(lock, answer);
        return true;
    }
    if (answer->kind != ANSWER_LOST)
        return false;
    if (!lock->grant.held || answer->number != lock->grant.token)
        return true;
    lock->grant.held = false;
    lock->grant.lost = reason_in_words(answer->text);
    lock->grant.given_back = strcmp(answer->text, UNLOCKED) == 0;
    describe(lock, text);
    client_error_notice(lock, IPCLOCKER_NOTICE_LOST, "%s", text);
    return true;
}
