/* Why a call came to no answer, in words for people. */
#ifndef FARMLOCK_STORE_ETCD_FAULT_H
#define FARMLOCK_STORE_ETCD_FAULT_H

#include "caller.h"

/* Writes `code`, of gRPC or ETCD_CODE_NONE, and the text as printf(3) makes it.  It may have bytes
 * of strangers in it: what a terminal would obey is made harmless, what is too long is cut.
 */
void fault_set(struct etcd_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
