/* What people are told of a state in etcd beside what is in it: who leads, who stands by, how etcd
 * is; and what of that somebody should look at. */
#ifndef FARMLOCK_STORE_ETCD_OUTLOOK_H
#define FARMLOCK_STORE_ETCD_OUTLOOK_H

#include "etcd_engine.h"

/* Takes what is to be told now; is called with the mutex, like the next. */
void etcd_outlook_take(struct etcd_engine *self);

/* Says what has become worse, or better, with etcd. */
void etcd_outlook_warn(struct etcd_engine *self);

#endif
