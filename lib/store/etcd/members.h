/* The way to a cluster of etcd: implements struct etcd_caller by one connection to one member at a
 * time.
 *
 * It stays with a member that answers; after a call of unknown outcome the next one goes to the
 * next in the list, in a ring.  A member that cannot even be connected to is passed over within the
 * call, as nothing has been asked yet, each at most once a call.
 *
 * To be used by one thread, in the process that makes the first call: what libssl and nghttp2 keep
 * does not survive a fork(2).
 */
#ifndef FARMLOCK_STORE_ETCD_MEMBERS_H
#define FARMLOCK_STORE_ETCD_MEMBERS_H

#include "caller.h"
#include "endpoint.h"

/* What is NULL is not used.  Files are read for each connection, and the password for each proof,
 * so that they can be renewed. */
struct members_settings {
    const char *user;          /* of etcd's, who has a password; without it etcd goes by the CN of
                                * our certificate, if it asks for one */
    const char *password_file; /* the first line is the password; not to be read by everybody */
    const char *ca_file;   /* who vouches for etcd's certificate; NULL: whom this machine trusts */
    const char *cert_file; /* ours, PEM */
    const char *key_file;  /* its key, where that is not in cert_file */
    int interrupt_fd;      /* while it polls readable, as an eventfd(2) that was written to, all
                            * calls return ETCD_UNKNOWN at once; the caller's; -1: none */
};

struct members;

/* Copies both arguments, and reads the files to see whether they can be; connects nowhere.  NULL
 * with *error, which says what is wrong.
 */
struct members *members_create(const struct endpoint_list *list,
                               const struct members_settings *settings, struct etcd_error *error);

/* Accepts NULL.  Keeps errno. */
void members_destroy(struct members *members);

/* Valid as long as the members. */
struct etcd_caller *members_caller(struct members *members);

/* The URL of the member that was asked last, or will be asked first, for messages. */
const char *members_url(const struct members *members);

#endif
