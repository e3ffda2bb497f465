/* Why a request waits, as the server tells it in a `why` line, in words for a person. */
#ifndef FARMLOCK_CLIENT_WAIT_REASON_H
#define FARMLOCK_CLIENT_WAIT_REASON_H

#include "ipclocker.h"

/* Reads what stands behind `why`: sets the reason, a text that is harmless for a terminal, "" where
 * there is no more to say than who has the lock, or it cannot be understood; and the length of the
 * queue, 0 where that is not told, or the request stands in none.
 */
void wait_reason_read(const char *line, struct ipclocker_wait *wait);

#endif
