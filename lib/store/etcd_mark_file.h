/* The file that has what a lockerd has seen of etcd, for its next start.
 *
 * It is text, a line for each prefix, as one file may serve one farm after the other:
 *
 *     farmlock-etcd-mark 1
 *     cluster cdf818194e3a8c32 revision 57 token 12 accepted 0 prefix /farmlock/east/
 *     sum 3f0a5b7c9d1e2f34
 *
 * It is written anew beside itself and renamed, so that there is always a whole one.
 */
#ifndef FARMLOCK_STORE_ETCD_MARK_FILE_H
#define FARMLOCK_STORE_ETCD_MARK_FILE_H

#include <stdbool.h>

#include "store.h"
#include "store/etcd/claim.h"
#include "store/etcd/endpoint.h"

enum {
    ETCD_MARKS_MOST = 16,
    ETCD_MARK_PREFIX_SIZE = ENDPOINT_PREFIX_SIZE + 1, /* with a slash at its end */
};

/* The last ones that were in use, the newest first. */
struct etcd_marks {
    struct {
        char prefix[ETCD_MARK_PREFIX_SIZE];
        struct etcd_mark mark;
    } items[ETCD_MARKS_MOST];
    int count;
};

/* Both return -1 with errno and *error.  Where there is no file, nothing is read: that is none.
 *   ENOTSUP  a later version has written it
 *   EBADMSG  it is damaged
 *   EPERM    others may have a hand in it
 *   and others of the system
 */
int etcd_mark_file_read(const char *path, struct etcd_marks *marks, char error[STORE_ERROR_SIZE]);
int etcd_mark_file_write(const char *path, const struct etcd_marks *marks,
                         char error[STORE_ERROR_SIZE]);

/* All zero where there is none of it.  What is set is the first then. */
struct etcd_mark etcd_marks_get(const struct etcd_marks *marks, const char *prefix);
void etcd_marks_set(struct etcd_marks *marks, const char *prefix, const struct etcd_mark *mark);

#endif
