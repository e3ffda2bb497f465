/* Keys and seals of a connection.
 * Must not refuse anything, nor tell a key. */
#include "auth_key.h"

#include <string.h>

#include "base/words.h"

bool auth_key_take_line(struct conn *conn, const char *line)
{
    static const char word[] = "seal ";
    struct auth_conn *auth = conn->auth;

    if (!auth->is_sealed)
        return true;
    if (strncmp(line, word, sizeof word - 1) == 0) {
        const char *text = line + sizeof word - 1;

        auth->has_seal = seal_parse(&auth->seal, text + words_blank_len(text));
        return false;
    }
    seal_chain_add(&auth->chain, line, strlen(line));
    return true;
}

bool auth_key_is_sealed(struct conn *conn)
{
    struct auth_conn *auth = conn->auth;
    bool is_right;

    if (!auth->is_sealed)
        return true;
    is_right = auth->has_seal && auth->seal == auth->chain.state;
    auth->has_seal = false;
    return is_right;
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
