/* Keeps what a lockerd has seen of etcd in a file, by a thread of its own: a disk that hangs holds
 * nobody up.
 *
 * A token that was seen, and another etcd that was accepted, are written within a second; a
 * revision, which grows with each heartbeat, within ten.
 */
#ifndef FARMLOCK_STORE_ETCD_MARK_KEEPER_H
#define FARMLOCK_STORE_ETCD_MARK_KEEPER_H

#include <stdbool.h>

#include "store.h"
#include "store/etcd/claim.h"

struct etcd_mark_keeper;

/* Reads what an earlier life has seen of this prefix, beside the file of the history: FILE.mark.
 * With `may_be_damaged` a damaged one is none.  Returns NULL with errno and *error as
 * etcd_mark_file_read(). */
struct etcd_mark_keeper *etcd_mark_keeper_open(const char *history_file, const char *prefix,
                                               bool may_be_damaged, struct etcd_mark *mark,
                                               char error[STORE_ERROR_SIZE]);

/* Writes what was noted last, and closes; waits no more than two seconds for the disk: what it does
 * not take by then is lost, if the process ends.  NULL is allowed. */
void etcd_mark_keeper_close(struct etcd_mark_keeper *self);

/* Takes what was seen by now.  Does not block. */
void etcd_mark_keeper_note(struct etcd_mark_keeper *self, const struct etcd_mark *mark);

/* Says whether it could be written, where that is new since the last call; false for nothing.  Does
 * not block. */
bool etcd_mark_keeper_news(struct etcd_mark_keeper *self, struct store_line *line);

#endif
