/* ipclocker_process.h - locks for other processes than the one that asks; a part of ipclocker.h,
 * which includes it. */
#ifndef IPCLOCKER_PROCESS_H
#define IPCLOCKER_PROCESS_H

#ifndef IPCLOCKER_H
#error "include ipclocker.h, which has this in it"
/* Puts the end of the hold limit off by so many seconds: of what this handle holds, where `token`
 * is 0; else of the grant of that token that the handle's owner and process have, whose locks are
 * all of the handle's, as for a job that its parent has got them for.  Returns for how many
 * milliseconds it may be held now, INT64_MAX where there is no limit; or -1 with errno
 *   EPROTO   the server refuses: it would be longer than a pool or the server allow, or the lock is
 *            not held any more, or another's
 *   ENOLCK   nothing is held
 *   EINVAL   no seconds
 *   ENOTSUP  the server is a classic or an earlier one
 */
IPCLOCKER_API int64_t ipclocker_extend(struct ipclocker *lock, uint64_t token, uint64_t seconds);

#endif

/* A process of another host, as its pidstatd tells of it. */
struct ipclocker_process_id {
    const char *hostname;   /* by which its pidstatd is reached; not NULL */
    pid_t pid;              /* above 0 */
    uint64_t start;         /* field 22 of /proc/PID/stat there; 0 where that is not known */
    const char *boot;       /* the boot id of that host; NULL where not known */
    uint64_t pid_namespace; /* the inode of /proc/PID/ns/pid there; 0 where not known */
};

/* Has a process of another host stand for the owner; the default user name follows it unless one
 * was set.  With autounlock the server watches it through its host's pidstatd.  Of a process of
 * this host it is ipclocker_set_pid() that is to be called, which undoes this one.
 * Errors: EINVAL: no pid, or a host or boot that is empty, over 255 bytes or has white space.
 */
IPCLOCKER_API int ipclocker_set_process(struct ipclocker *lock,
                                        const struct ipclocker_process_id *process);

/* Has what is held be another process's from now on, of the same host as before: one that this
 * process has started, as a daemon is by its command.  The owner keeps its name.  `start` as above;
 * 0: it is looked up on this host.  Blocks until the server has answered, however long it is away.
 * Returns 0 or -1 with errno
 *   ENOLCK   nothing is held
 *   EINVAL   no pid
 *   ENOTSUP  the server is a classic or an earlier one
 *   EPROTO   it refuses, as the lock was lost
 */
IPCLOCKER_API int ipclocker_follow(struct ipclocker *lock, pid_t pid, uint64_t start);

/* Puts the end of the hold limit off by so many seconds: of what this handle holds, where `token`
 * is 0; else of the grant of that token that the handle's owner and process have, whose locks are
 * all of the handle's, as for a job that its parent has got them for.  Returns for how many
 * milliseconds it may be held now, INT64_MAX where there is no limit; or -1 with errno
 *   EPROTO   the server refuses: it would be longer than a pool or the server allow, or the lock is
 *            not held any more, or another's
 *   ENOLCK   nothing is held
 *   EINVAL   no seconds
 *   ENOTSUP  the server is a classic or an earlier one
 */
IPCLOCKER_API int64_t ipclocker_extend(struct ipclocker *lock, uint64_t token, uint64_t seconds);

#endif
