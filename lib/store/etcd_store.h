/* The engine that shares a state with other servers, in etcd. */
#ifndef FARMLOCK_STORE_ETCD_STORE_H
#define FARMLOCK_STORE_ETCD_STORE_H

#include "store.h"

/* As store_open(): reads what files it was told of, and stands by; asks etcd in a thread. */
store_open_fn store_etcd_open;

#endif
