/* ipclocker_keep.h - how long a lock is held: a part of ipclocker.h, which includes it. */
#ifndef IPCLOCKER_KEEP_H
#define IPCLOCKER_KEEP_H

#ifndef IPCLOCKER_H
#error "include ipclocker.h, which has this in it"
#endif

/* The most that the lock may be held, in seconds; the server takes it back then.  0 is for ever. */
IPCLOCKER_API void ipclocker_set_hold_limit(struct ipclocker *lock, uint64_t seconds);

/* The least: from the grant on nobody else gets the lock for so many milliseconds, 30 days at most,
 * also when it has been given back or its owner has ended, unless it is broken.  0: no time, as at
 * first.  And that nobody else does until the host of the owner's process has booted anew, and its
 * pidstatd answers.  With a classic server ipclocker_lock() fails with ENOTSUP then; with EPROTO
 * where it could not be kept so long, by a hold limit, or such a boot could not be seen.
 */
IPCLOCKER_API void ipclocker_set_keep(struct ipclocker *lock, int64_t milliseconds);
IPCLOCKER_API void ipclocker_set_until_boot(struct ipclocker *lock, bool until_boot);

/* The owner loses the lock when nothing was heard of it for so many seconds: no session, neither
 * its process nor its host's pidstatd; 0, as at first, is what the server has for all.  A classic
 * server knows no such thing. */
IPCLOCKER_API void ipclocker_set_lost_after(struct ipclocker *lock, uint32_t seconds);

#endif
