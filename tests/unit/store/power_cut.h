/* A disk that forgets what was not synced: which bytes of SQLite's files a power cut would leave,
 * when all that a sync has not made safe is lost.
 *
 * Any thread may write and sync.
 */
#ifndef FARMLOCK_POWER_CUT_H
#define FARMLOCK_POWER_CUT_H

#include <sqlite3.h>

struct power_file;

/* From here on files are followed that are opened, and their syncs take up to so many microseconds
 * each; below 0: none is. */
void power_cut_follow(long sync_us);

/* For SQLite's file layer: a file that was opened, or NULL where it is not followed; what is done
 * with it; a sync, which makes safe what was written before it began.  NULL is allowed. */
struct power_file *power_cut_open(const char *name);
void power_cut_write(struct power_file *file, const void *data, int len, sqlite3_int64 at);
void power_cut_truncate(struct power_file *file, sqlite3_int64 size);
void power_cut_sync(struct power_file *file);

/* Makes the database `to` of what a power cut would leave of `from` at this moment, and the log
 * beside it. */
void power_cut(const char *from, const char *to);

/* Forgets all files: none may be open. */
void power_cut_forget(void);

#endif
