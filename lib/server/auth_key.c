/* Keys and seals of a connection.
 * Must not refuse anything, nor tell a key. */
#include "auth_key.h"

#include <string.h>

#include "base/words.h"

static const char seal_word[] = "seal ";

static bool is_seal(const char *line, size_t len)
{
    return len >= sizeof seal_word - 1 && memcmp(line, seal_word, sizeof seal_word - 1) == 0;
}

bool auth_key_may_seal(const struct conn *conn, const char *line, size_t len)
{
    return conn->auth != NULL && conn->auth->is_sealed && is_seal(line, len);
}

bool auth_key_take_line(struct conn *conn, const char *line)
{
    struct auth_conn *auth = conn->auth;

    if (!auth->is_sealed)
        return true;
    if (is_seal(line, strlen(line))) {
        const char *text = line + sizeof seal_word - 1;

        auth->has_seal = seal_parse(&auth->seal, text + words_blank_len(text));
        return false;
    }
    seal_chain_add(&auth->chain, line, strlen(line));
    return true;
}

enum auth_seal auth_key_use_seal(struct conn *conn)
{
    struct auth_conn *auth = conn->auth;
    bool has_seal = auth->has_seal;

    if (!auth->is_sealed)
        return AUTH_SEAL_RIGHT;
    auth->has_seal = false;
    if (!has_seal)
        return AUTH_SEAL_MISSING;
    return auth->seal == auth->chain.state ? AUTH_SEAL_RIGHT : AUTH_SEAL_WRONG;
}

void auth_key_fill(const struct conn *conn, struct lock_asker *asker)
{
    /* Who goes on with a grant by its key has that key, and leaves it as it is. */
    if (conn->auth->grant != 0)
        return;
    asker->key[0] = conn->auth->key.words[0];
    asker->key[1] = conn->auth->key.words[1];
    asker->is_fresh = true;
}

void auth_key_make_grants(struct lock_request *request)
{
    struct lock_asker *asker = &request->asker;
    const struct siphash_key key = {{asker->key[0], asker->key[1]}};
    struct siphash_key grant;

    if (!asker->is_fresh || request->state != LOCK_HELD)
        return;
    grant = seal_grant_key(&key, request->token);
    asker->key[0] = grant.words[0];
    asker->key[1] = grant.words[1];
    asker->is_fresh = false;
}

bool auth_key_is_told(const struct conn *conn)
{
    return conn->auth != NULL && !conn->auth->is_sealed;
}
