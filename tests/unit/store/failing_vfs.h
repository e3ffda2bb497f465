/* A layer under SQLite whose writes and syncs fail on demand. */
#ifndef FARMLOCK_FAILING_VFS_H
#define FARMLOCK_FAILING_VFS_H

/* Makes it the default.  Call it once. */
void failing_vfs_install(void);

/* The write, sync or truncation after `calls` more, and all behind it, fail; below 0: none does. */
void failing_vfs_fail_after(long calls);

#endif
