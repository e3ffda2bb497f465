/* The engine that shares a state with other servers, in etcd; and what can be asked there, or said,
 * by whoever has no such store open. */
#ifndef FARMLOCK_STORE_ETCD_STORE_H
#define FARMLOCK_STORE_ETCD_STORE_H

#include "store.h"

/* As store_open(): reads what files it was told of, and stands by; asks etcd in a thread. */
store_open_fn store_etcd_open;

/* Whether "etcd:URL[,URL...]/PREFIX" is written as it has to be, without asking anybody.  Returns
 * 0, or -1 with EINVAL and *error. */
int store_etcd_check(const char *path, char error[STORE_ERROR_SIZE]);

/* The next two ask on the caller's thread, and block for `patience_ms` or a little longer, see
 * caller.h.  They return -1 with errno and *error: EINVAL as store_open(), ENOMEM, EUCLEAN where
 * something else stands in the place of the state, ETIMEDOUT where etcd has not done it by then. */

/* Who leads, or did. */
struct store_leader {
    bool is_vacant;    /* it has given that up, and nobody has taken over; or nobody ever led */
    int64_t revision;  /* of etcd, when that began; 0: nobody ever led */
    uint64_t term;     /* how many have led by then */
    char instance[33]; /* as it is in its options; "" where it is vacant */
    char host[STORE_NAME_SIZE], listens[STORE_LISTENS_SIZE]; /* where it is, for people */
    int64_t takeover_ms;
};
int store_etcd_look(const struct store_options *options, int64_t patience_ms,
                    struct store_leader *leader, char error[STORE_ERROR_SIZE]);

/* Gives up what a server of this instance has left that has died, so that another need not wait;
 * where another leads, or nobody does, there is nothing to be done.  A living server of that
 * instance would be deposed. */
int store_etcd_resign(const struct store_options *options, int64_t patience_ms,
                      char error[STORE_ERROR_SIZE]);

#endif
