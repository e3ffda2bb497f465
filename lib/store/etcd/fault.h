/* Why a call came to no answer, in words for people. */
#ifndef FARMLOCK_STORE_ETCD_FAULT_H
#define FARMLOCK_STORE_ETCD_FAULT_H

#include "caller.h"
#include "patience.h"

/* Writes `code`, of gRPC or ETCD_CODE_NONE, and the text as printf(3) makes it.  It may have bytes
 * of strangers in it: what a terminal would obey is made harmless, what is too long is cut.
 */
void fault_set(struct etcd_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes why a wait for the etcd at `url` has ended, with anything but PATIENCE_READY; `what` it
 * was to do in that time, as "answer". */
void fault_set_wait(struct etcd_error *error, enum patience_end end, const char *url,
                    const char *what, const struct patience *patience);

#endif
