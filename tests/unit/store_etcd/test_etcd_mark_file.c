/* What was seen of etcd, in a file: whole, or told to be damaged.
 * Must not need an etcd. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mark_fixture.h"

enum { TEXT_SIZE = 4096 };

static size_t get_text(char text[TEXT_SIZE])
{
    int fd = open(mark_path, O_RDONLY);
    ssize_t len = read(fd, text, TEXT_SIZE);

    assert_true(fd >= 0 && len > 0);
    close(fd);
    return (size_t)len;
}

static void write_both(void)
{
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE] = "";

    etcd_marks_set(&marks, "/farmlock/east/", &mark_first);
    etcd_marks_set(&marks, "/farmlock/west/", &mark_second);
    assert_int_equal(etcd_mark_file_write(mark_path, &marks, error), 0);
}

static void each_prefix_has_a_mark_of_its_own(void **state)
{
    struct etcd_marks marks;
    char error[STORE_ERROR_SIZE];
    struct stat st;

    (void)state;
    write_both();
    assert_int_equal(mark_read_error(&marks, error), 0);
    assert_true(mark_is(etcd_marks_get(&marks, "/farmlock/east/"), mark_first));
    assert_true(mark_is(etcd_marks_get(&marks, "/farmlock/west/"), mark_second));
    assert_true(mark_is(etcd_marks_get(&marks, "/farmlock/"), (struct etcd_mark){0}));
    etcd_marks_set(&marks, "/farmlock/east/", &mark_second);
    assert_int_equal(marks.count, 2);
    assert_true(mark_is(etcd_marks_get(&marks, "/farmlock/east/"), mark_second));
    assert_int_equal(stat(mark_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(mark_beside, F_OK), 0);
}

static void the_longest_prefix_fits(void **state)
{
    struct etcd_marks marks = {.count = 0}, again;
    char prefix[ETCD_MARK_PREFIX_SIZE], error[STORE_ERROR_SIZE];

    (void)state;
    memset(prefix, 'x', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    etcd_marks_set(&marks, prefix, &mark_second);
    assert_int_equal(etcd_mark_file_write(mark_path, &marks, error), 0);
    assert_int_equal(mark_read_error(&again, error), 0);
    assert_true(mark_is(etcd_marks_get(&again, prefix), mark_second));
}

static void of_too_many_the_oldest_goes(void **state)
{
    struct etcd_marks marks = {.count = 0}, again;
    char prefix[24], error[STORE_ERROR_SIZE];

    (void)state;
    for (int i = 0; i <= ETCD_MARKS_MOST; i++) {
        struct etcd_mark mark = {1, i, 1, 0};

        snprintf(prefix, sizeof prefix, "/%d/", i);
        etcd_marks_set(&marks, prefix, &mark);
    }
    assert_int_equal(etcd_mark_file_write(mark_path, &marks, error), 0);
    assert_int_equal(mark_read_error(&again, error), 0);
    assert_int_equal(again.count, ETCD_MARKS_MOST);
    assert_int_equal(etcd_marks_get(&again, "/0/").cluster_id, 0);
    assert_int_equal(etcd_marks_get(&again, "/1/").revision, 1);
    assert_int_equal(etcd_marks_get(&again, prefix).revision, ETCD_MARKS_MOST);
}

static void no_file_is_no_mark(void **state)
{
    struct etcd_marks marks = {.count = 5};
    char error[STORE_ERROR_SIZE];

    (void)state;
    assert_int_equal(mark_read_error(&marks, error), 0);
    assert_int_equal(marks.count, 0);
}

/* Any byte that is another, and any that are missing. */
static void what_is_damaged_is_not_believed(void **state)
{
    char text[TEXT_SIZE], error[STORE_ERROR_SIZE];
    struct etcd_marks marks = {.count = 5};
    size_t len;

    (void)state;
    write_both();
    len = get_text(text);
    for (size_t i = 0; i < len; i++) {
        mark_put_text(text, i);
        assert_int_equal(mark_read_error(&marks, error), EBADMSG);
        assert_non_null(strstr(error, "--accept-older-state"));
        text[i] ^= 1;
        mark_put_text(text, len);
        assert_true(mark_read_error(&marks, error) == EBADMSG || errno == ENOTSUP);
        text[i] ^= 1;
    }
    text[len] = 'x';
    mark_put_text(text, len + 1);
    assert_int_equal(mark_read_error(&marks, error), EBADMSG);
    mark_put_text("\0\0\0\0", 4);
    assert_int_equal(mark_read_error(&marks, error), EBADMSG);
    assert_int_equal(marks.count, 5);
}

static void what_a_later_version_wrote_is_left_alone(void **state)
{
    static const char text[] = "farmlock-etcd-mark 2\nsomething\n";
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    mark_put_text(text, strlen(text));
    assert_int_equal(mark_read_error(&marks, error), ENOTSUP);
    assert_non_null(strstr(error, "later version"));
}

static void what_others_can_write_is_refused(void **state)
{
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    write_both();
    assert_int_equal(chmod(mark_path, 0620), 0);
    assert_int_equal(mark_read_error(&marks, error), EPERM);
    assert_int_equal(chmod(mark_path, 0602), 0);
    assert_int_equal(mark_read_error(&marks, error), EPERM);
    assert_int_equal(chmod(mark_path, 0600), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(mark_path, 12345, (gid_t)-1), 0);
        assert_int_equal(mark_read_error(&marks, error), EPERM);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    write_both();
    assert_int_equal(rename(mark_path, mark_other), 0);
    assert_int_equal(symlink(mark_other, mark_path), 0);
    assert_int_equal(mark_read_error(&marks, error), ELOOP);
    assert_int_equal(unlink(mark_path), 0);
    assert_int_equal(link(mark_other, mark_path), 0);
    assert_int_equal(mark_read_error(&marks, error), EPERM);
    assert_int_equal(unlink(mark_path), 0);
    assert_int_equal(mkdir(mark_path, 0700), 0);
    assert_int_equal(mark_read_error(&marks, error), EPERM);
}

static void a_name_that_was_left_leads_nowhere(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink(mark_other, mark_beside), 0);
    write_both();
    assert_int_not_equal(access(mark_other, F_OK), 0);
    assert_int_equal(lstat(mark_path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void what_cannot_be_written_leaves_what_there_was(void **state)
{
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE];

    (void)state;
    write_both();
    assert_int_equal(mkdir(mark_beside, 0700), 0);
    assert_int_equal(etcd_mark_file_write(mark_path, &marks, error), -1);
    assert_non_null(strstr(error, mark_path));
    assert_int_equal(mark_read_error(&marks, error), 0);
    assert_int_equal(marks.count, 2);
    assert_int_equal(rmdir(mark_beside), 0);
}

static void a_name_without_a_folder_is_of_where_one_is(void **state)
{
    int before = open(".", O_RDONLY | O_DIRECTORY);
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE] = "";
    int result;

    (void)state;
    assert_true(before >= 0);
    assert_int_equal(chdir(mark_folder), 0);
    etcd_marks_set(&marks, "/a/", &mark_first);
    result = etcd_mark_file_write("history.db.mark", &marks, error);
    assert_int_equal(fchdir(before), 0);
    close(before);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    assert_int_equal(mark_read_error(&marks, error), 0);
    assert_int_equal(marks.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(each_prefix_has_a_mark_of_its_own),
        IN_FOLDER(the_longest_prefix_fits),
        IN_FOLDER(of_too_many_the_oldest_goes),
        IN_FOLDER(no_file_is_no_mark),
        IN_FOLDER(what_is_damaged_is_not_believed),
        IN_FOLDER(what_a_later_version_wrote_is_left_alone),
        IN_FOLDER(what_others_can_write_is_refused),
        IN_FOLDER(what_is_no_file_is_refused),
        IN_FOLDER(a_name_that_was_left_leads_nowhere),
        IN_FOLDER(what_cannot_be_written_leaves_what_there_was),
        IN_FOLDER(a_name_without_a_folder_is_of_where_one_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
