/* A client's proofs and seals.
 * Must not send anything, nor hand on a key. */
#include "proof.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/munge_soon.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/random.h"
#include "engine.h"
#include "preset_proof.h"
#include "protocol/sealed.h"
#include "request.h"

enum { MAKING_MS = 2000 };

static bool can_go_on(const struct ipclocker *lock)
{
    return lock->grant.held && lock->grant.has_key && lock->call.operation->goes_on;
}

bool client_proof_is_wanted(const struct ipclocker *lock)
{
    switch (client_preset_auth(lock)) {
    case CLIENT_AUTH_NONE:
        return false;
    case CLIENT_AUTH_MUNGE:
        return true;
    default:
        return can_go_on(lock) || access(munge_socket(client_preset_munge_socket(lock)), F_OK) == 0;
    }
}

/* What is written from now on is sealed. */
static void begin(struct ipclocker *lock, const struct siphash_key *key,
                  const struct seal_nonce *nonce)
{
    struct client_proof *proof = &lock->connection.proof;

    proof->is_sealed = true;
    proof->sealed_len = lock->connection.out.len;
    seal_chain_begin(&proof->chain, key, nonce);
}

static int making_ms(const struct ipclocker *lock)
{
    int64_t left_ms = lock->call.limit_ms - clock_now_ms();

    if (left_ms < 0)
        return 0;
    return left_ms < MAKING_MS ? (int)left_ms : MAKING_MS;
}

static void prove_by_munge(struct ipclocker *lock, const struct answer *answer)
{
    struct client_proof *proof = &lock->connection.proof;
    char why[MUNGE_WHY_SIZE];
    char *credential;

    random_fill(&proof->key, sizeof proof->key);
    credential = munge_make_soon(client_preset_munge_socket(lock), (uid_t)answer->number,
                                 &answer->nonce, &proof->key, making_ms(lock), why);
    /* A server that wants one will say so. */
    if (credential == NULL)
        return;
    buffer_add_text(&lock->connection.out, "proof munge ");
    client_request_command(lock, credential);
    free(credential);
    proof->is_by_munge = proof->is_out = true;
    begin(lock, &proof->key, &answer->nonce);
}

static void prove_by_grant(struct ipclocker *lock, const struct answer *answer)
{
    struct siphash_key key = seal_connection_key(&lock->grant.key, &answer->nonce);

    buffer_add_text(&lock->connection.out, "proof ");
    client_request_number(lock, "grant", lock->grant.token);
    lock->connection.proof.is_by_grant = true;
    begin(lock, &key, &answer->nonce);
}

void client_proof_give(struct ipclocker *lock, const struct answer *answer)
{
    lock->connection.proof.seals_urgent = answer->seals_urgent;
    if (can_go_on(lock))
        prove_by_grant(lock, answer);
    else if (strcmp(answer->text, "munge") == 0)
        prove_by_munge(lock, answer);
}

/* An older server would not read a seal while a LOCK waits, nor anything behind it. */
static bool needs_seal(const struct client_proof *proof, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    enum sealed sealed = sealed_word(line, space != NULL ? (size_t)(space - line) : len);

    return sealed == SEALED_ALWAYS || (sealed == SEALED_URGENT && proof->seals_urgent);
}

static void add_sealed(struct client_proof *proof, struct buffer *out, const char *line, size_t len)
{
    char seal[SEAL_TEXT_SIZE];

    seal_format(seal, seal_chain_add(&proof->chain, line, len));
    if (needs_seal(proof, line, len)) {
        buffer_add_text(out, "seal ");
        buffer_add_text(out, seal);
        buffer_add(out, "\n", 1);
    }
    buffer_add(out, line, len);
    buffer_add(out, "\n", 1);
}

void client_proof_seal(struct ipclocker *lock)
{
    struct client_proof *proof = &lock->connection.proof;
    struct buffer *out = &lock->connection.out, sealed = {0};
    size_t at = proof->sealed_len;

    if (!proof->is_sealed || out->failed || at >= out->len)
        return;
    buffer_add(&sealed, out->data, at);
    while (at < out->len) {
        const char *line = out->data + at;
        const char *end = memchr(line, '\n', out->len - at);

        if (end == NULL)
            break;
        add_sealed(proof, &sealed, line, (size_t)(end - line));
        at += (size_t)(end - line) + 1;
    }
    proof->sealed_len = sealed.len;
    buffer_fini(out);
    *out = sealed;
}

void client_proof_keep_key(struct ipclocker *lock, const struct answer *answer)
{
    const struct client_proof *proof = &lock->connection.proof;

    if (proof->is_by_munge)
        lock->grant.key = seal_grant_key(&proof->key, lock->grant.token);
    else if (answer->has_key)
        lock->grant.key = answer->key;
    else if (proof->is_by_grant)
        return;
    lock->grant.has_key = proof->is_by_munge || answer->has_key;
}
