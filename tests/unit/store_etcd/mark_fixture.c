/* A folder for what was seen of etcd.
 * Must not need an etcd. */
#include "mark_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char mark_folder[64], mark_history[MARK_PATH_SIZE], mark_path[MARK_PATH_SIZE],
    mark_beside[MARK_PATH_SIZE], mark_other[MARK_PATH_SIZE];

const struct etcd_mark mark_first = {0xcdf818194e3a8c32, 57, 12, 0},
                       mark_second = {1, INT64_MAX, UINT64_MAX, 7};

int mark_make_folder(void **state)
{
    (void)state;
    strcpy(mark_folder, "/tmp/farmlock-mark.XXXXXX");
    if (mkdtemp(mark_folder) == NULL)
        return -1;
    snprintf(mark_history, sizeof mark_history, "%s/history.db", mark_folder);
    snprintf(mark_path, sizeof mark_path, "%s/history.db.mark", mark_folder);
    snprintf(mark_beside, sizeof mark_beside, "%s/history.db.mark.new", mark_folder);
    snprintf(mark_other, sizeof mark_other, "%s/other", mark_folder);
    return 0;
}

int mark_remove_folder(void **state)
{
    (void)state;
    rmdir(mark_path);
    unlink(mark_path);
    unlink(mark_beside);
    unlink(mark_other);
    return rmdir(mark_folder);
}

bool mark_is(struct etcd_mark a, struct etcd_mark b)
{
    return a.cluster_id == b.cluster_id && a.revision == b.revision &&
           a.next_token == b.next_token && a.accepted == b.accepted;
}

void mark_put_text(const char *text, size_t len)
{
    int fd = open(mark_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

int mark_read_error(struct etcd_marks *marks, char error[STORE_ERROR_SIZE])
{
    *error = '\0';
    if (etcd_mark_file_read(mark_path, marks, error) == 0)
        return 0;
    assert_non_null(strstr(error, mark_path));
    return errno;
}
