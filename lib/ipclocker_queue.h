/* ipclocker_queue.h - manners in queues; a part of ipclocker.h, which includes it. */
#ifndef IPCLOCKER_QUEUE_H
#define IPCLOCKER_QUEUE_H

#ifndef IPCLOCKER_H
#error "include ipclocker.h, which has this in it"
#endif

/* Behind how many others to wait for the lock at most, below 0 for any number, as at first:
 * ipclocker_lock() fails with EAGAIN where more would be before it.  A classic server cannot be
 * asked for that (ENOTSUP).
 */
IPCLOCKER_API void ipclocker_set_queue_limit(struct ipclocker *lock, int64_t most);

/* Takes all waits of an owner off the queues, whoever that is; what it holds stays its.  Its calls
 * fail with ECANCELED.  Returns how many there were, or -1 with errno
 *   EINVAL   the owner is empty, over 255 bytes, or has white space
 *   EPROTO   the server refuses it, as they are another user's
 *   ENOTSUP  the server is a classic or an earlier one
 */
IPCLOCKER_API int ipclocker_dequeue(struct ipclocker *lock, const char *owner);

#endif
