/* What matters to lockerd in how an etcd is: faults that its version is known for, its room, its
 * alarms.  Pure. */
#ifndef FARMLOCK_STORE_ETCD_HEALTH_H
#define FARMLOCK_STORE_ETCD_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Writes what is known to be wrong with a version, and what to do; false where nothing is that
 * matters here, or the text is no version. */
bool etcd_health_faults(const char *version, char *text, size_t size);

/* Bytes that the database may have: as etcd tells (from 3.6 on), else as somebody has said, else,
 * for `said_bytes` 0, as it is where nobody has set it. */
int64_t etcd_health_quota(const struct etcd_status *status, int64_t said_bytes);

/* What to do about the errors of a status, to stand behind them; "" where that is not known. */
const char *etcd_health_advice(const char *errors);

#endif
