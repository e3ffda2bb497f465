/* The history of a state in etcd is copied to a file here, by the thread of the engine: when. */
#ifndef FARMLOCK_STORE_ETCD_COPY_H
#define FARMLOCK_STORE_ETCD_COPY_H

#include "etcd_engine.h"

/* Both are called with the mutex.  The first asks for a page where there is something new and it is
 * time; the second takes note that it has come. */
void etcd_copy_begin(struct etcd_engine *self);
void etcd_copy_end(struct etcd_engine *self);

#endif
