/* What a connection has for its proof: a key, the chain of its lines, the grant that it goes on
 * with.  One that has not said `auth` has nothing of it: its `auth` is NULL. */
#ifndef FARMLOCK_SERVER_AUTH_KEY_H
#define FARMLOCK_SERVER_AUTH_KEY_H

#include "auth/seal.h"
#include "server.h"

struct auth_job;

/* Of a connection that has said `auth`. */
struct auth_conn {
    struct seal_nonce nonce;
    bool is_spent;          /* the nonce was used */
    bool is_sealed;         /* each change needs a seal */
    bool has_seal;          /* one has come for the next command */
    uint64_t seal;          /* that one */
    uint64_t grant;         /* the token of the grant that it goes on with; 0: none */
    struct siphash_key key; /* of which those of grants are made */
    struct seal_chain chain;
    struct auth_job *job; /* in state PROVING */
};

/* To be called with each line of one that has said `auth`, before it is cut into words.  Returns
 * false when there is no more to do with it: it was a seal. */
bool auth_key_take_line(struct conn *conn, const char *line);

/* Whether a line, of `len` bytes and without an end, is the seal of the one behind it.  Of any
 * connection. */
bool auth_key_may_seal(const struct conn *conn, const char *line, size_t len);

enum auth_seal { AUTH_SEAL_RIGHT, AUTH_SEAL_WRONG, AUTH_SEAL_MISSING };

/* The seal of the command in the line that was taken last, right where it needs none.  A seal
 * serves once.  Likewise. */
enum auth_seal auth_key_use_seal(struct conn *conn);

/* The key for an ask of the connection, of which that of its grant is to be made.  Likewise. */
void auth_key_fill(const struct conn *conn, struct lock_asker *asker);

/* A request was granted or renewed: makes the key of its grant, where that is to be done. */
void auth_key_make_grants(struct lock_request *request);

/* Whether the connection has to be told the keys of its grants: it cannot work them out. */
bool auth_key_is_told(const struct conn *conn);

#endif
