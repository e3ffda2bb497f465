/* As which of etcd's users we ask: a name and a password become a token. */
#ifndef FARMLOCK_STORE_ETCD_LOGIN_H
#define FARMLOCK_STORE_ETCD_LOGIN_H

#include "caller.h"
#include "grpc.h"

/* The strings are the caller's. */
struct login {
    const char *user;          /* NULL: nobody, or whom our certificate names */
    const char *password_file; /* its first line; read each time, so that it may change */
};

/* Whether the file can be read, and by nobody whom it does not concern.  Returns 0, or -1 with
 * *error. */
int login_check(const struct login *login, struct etcd_error *error);

/* Has etcd make a token (Auth/Authenticate), for which its user must not be NULL.  ETCD_ANSWERED
 * with *token, which is "" where etcd asks nobody who he is; else as grpc_call().  Refusals, also
 * for what is wrong with the password file, have code 16.
 */
enum etcd_outcome login_prove(const struct login *login, struct grpc *grpc,
                              const struct patience *patience, char token[GRPC_TOKEN_MAX + 1],
                              struct etcd_error *error);

#endif
