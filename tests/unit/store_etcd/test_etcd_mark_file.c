/* What was seen of etcd, in a file: whole or told to be damaged, and written beside the caller's
 * work.
 * Must not need an etcd. */
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/etcd_mark_file.h"
#include "store/etcd_mark_keeper.h"

enum { TEXT_SIZE = 4096, PATH_SIZE = 128, POLL_US = 10000, CLOSES = 50, POLLS = 3000 };
enum { SOON_MS = 9000 }; /* less than the ten seconds that a revision may take */

static char folder[64], history[PATH_SIZE], path[PATH_SIZE], beside[PATH_SIZE], other[PATH_SIZE];

static const struct etcd_mark first = {0xcdf818194e3a8c32, 57, 12, 0},
                              second = {1, INT64_MAX, UINT64_MAX, 7};

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/farmlock-mark.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(history, sizeof history, "%s/history.db", folder);
    snprintf(path, sizeof path, "%s/history.db.mark", folder);
    snprintf(beside, sizeof beside, "%s/history.db.mark.new", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    rmdir(path);
    unlink(path);
    unlink(beside);
    unlink(other);
    return rmdir(folder);
}

static bool are_equal(struct etcd_mark a, struct etcd_mark b)
{
    return a.cluster_id == b.cluster_id && a.revision == b.revision &&
           a.next_token == b.next_token && a.accepted == b.accepted;
}

static void put_text(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static size_t get_text(char text[TEXT_SIZE])
{
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, TEXT_SIZE);

    assert_true(fd >= 0 && len > 0);
    close(fd);
    return (size_t)len;
}

static void write_both(void)
{
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE] = "";

    etcd_marks_set(&marks, "/farmlock/east/", &first);
    etcd_marks_set(&marks, "/farmlock/west/", &second);
    assert_int_equal(etcd_mark_file_write(path, &marks, error), 0);
}

/* Returns why it cannot be read; 0: it can. */
static int read_error(struct etcd_marks *marks, char error[STORE_ERROR_SIZE])
{
    *error = '\0';
    if (etcd_mark_file_read(path, marks, error) == 0)
        return 0;
    assert_non_null(strstr(error, path));
    return errno;
}

static void each_prefix_has_a_mark_of_its_own(void **state)
{
    struct etcd_marks marks;
    char error[STORE_ERROR_SIZE];
    struct stat st;

    (void)state;
    write_both();
    assert_int_equal(read_error(&marks, error), 0);
    assert_true(are_equal(etcd_marks_get(&marks, "/farmlock/east/"), first));
    assert_true(are_equal(etcd_marks_get(&marks, "/farmlock/west/"), second));
    assert_true(are_equal(etcd_marks_get(&marks, "/farmlock/"), (struct etcd_mark){0}));
    etcd_marks_set(&marks, "/farmlock/east/", &second);
    assert_int_equal(marks.count, 2);
    assert_true(are_equal(etcd_marks_get(&marks, "/farmlock/east/"), second));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void the_longest_prefix_fits(void **state)
{
    struct etcd_marks marks = {.count = 0}, again;
    char prefix[ETCD_MARK_PREFIX_SIZE], error[STORE_ERROR_SIZE];

    (void)state;
    memset(prefix, 'x', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    etcd_marks_set(&marks, prefix, &second);
    assert_int_equal(etcd_mark_file_write(path, &marks, error), 0);
    assert_int_equal(read_error(&again, error), 0);
    assert_true(are_equal(etcd_marks_get(&again, prefix), second));
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
    assert_int_equal(etcd_mark_file_write(path, &marks, error), 0);
    assert_int_equal(read_error(&again, error), 0);
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
    assert_int_equal(read_error(&marks, error), 0);
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
        put_text(text, i);
        assert_int_equal(read_error(&marks, error), EBADMSG);
        assert_non_null(strstr(error, "--accept-older-state"));
        text[i] ^= 1;
        put_text(text, len);
        assert_true(read_error(&marks, error) == EBADMSG || errno == ENOTSUP);
        text[i] ^= 1;
    }
    text[len] = 'x';
    put_text(text, len + 1);
    assert_int_equal(read_error(&marks, error), EBADMSG);
    put_text("\0\0\0\0", 4);
    assert_int_equal(read_error(&marks, error), EBADMSG);
    assert_int_equal(marks.count, 5);
}

static void what_a_later_version_wrote_is_left_alone(void **state)
{
    static const char text[] = "farmlock-etcd-mark 2\nsomething\n";
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    put_text(text, strlen(text));
    assert_int_equal(read_error(&marks, error), ENOTSUP);
    assert_non_null(strstr(error, "later version"));
}

static void what_others_can_write_is_refused(void **state)
{
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    write_both();
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(read_error(&marks, error), EPERM);
    assert_int_equal(chmod(path, 0602), 0);
    assert_int_equal(read_error(&marks, error), EPERM);
    assert_int_equal(chmod(path, 0600), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_int_equal(read_error(&marks, error), EPERM);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    char error[STORE_ERROR_SIZE];
    struct etcd_marks marks;

    (void)state;
    write_both();
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(read_error(&marks, error), ELOOP);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(other, path), 0);
    assert_int_equal(read_error(&marks, error), EPERM);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(read_error(&marks, error), EPERM);
}

static void a_name_that_was_left_leads_nowhere(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink(other, beside), 0);
    write_both();
    assert_int_not_equal(access(other, F_OK), 0);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void what_cannot_be_written_leaves_what_there_was(void **state)
{
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE];

    (void)state;
    write_both();
    assert_int_equal(mkdir(beside, 0700), 0);
    assert_int_equal(etcd_mark_file_write(path, &marks, error), -1);
    assert_non_null(strstr(error, path));
    assert_int_equal(read_error(&marks, error), 0);
    assert_int_equal(marks.count, 2);
    assert_int_equal(rmdir(beside), 0);
}

static void a_name_without_a_folder_is_of_where_one_is(void **state)
{
    int before = open(".", O_RDONLY | O_DIRECTORY);
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE] = "";
    int result;

    (void)state;
    assert_true(before >= 0);
    assert_int_equal(chdir(folder), 0);
    etcd_marks_set(&marks, "/a/", &first);
    result = etcd_mark_file_write("history.db.mark", &marks, error);
    assert_int_equal(fchdir(before), 0);
    close(before);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    assert_int_equal(read_error(&marks, error), 0);
    assert_int_equal(marks.count, 1);
}

/* the thread */

static struct etcd_mark_keeper *open_keeper(const char *prefix, struct etcd_mark *mark)
{
    char error[STORE_ERROR_SIZE] = "";
    struct etcd_mark_keeper *keeper = etcd_mark_keeper_open(history, prefix, false, mark, error);

    assert_string_equal(error, "");
    assert_non_null(keeper);
    return keeper;
}

static void what_was_noted_last_is_there_at_the_next_start(void **state)
{
    struct etcd_mark mark;
    struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);

    (void)state;
    assert_true(are_equal(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_note(keeper, &second);
    etcd_mark_keeper_note(keeper, &first);
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(are_equal(mark, first));
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/b/", &mark);
    assert_true(are_equal(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_note(keeper, &second);
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(are_equal(mark, first));
    etcd_mark_keeper_close(keeper);
    etcd_mark_keeper_close(NULL);
}

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* The thread is at another step of its work each time. */
static void what_is_noted_while_it_writes_is_kept_at_the_end(void **state)
{
    (void)state;
    for (int i = 1; i <= CLOSES; i++) {
        struct etcd_mark mark, before = {1, 2L * i - 1, (uint64_t)i, 0}, last = {1, 2L * i, 1, 0};
        struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);

        etcd_mark_keeper_note(keeper, &before);
        sleep_us(i * 20);
        etcd_mark_keeper_note(keeper, &last);
        etcd_mark_keeper_close(keeper);
        keeper = open_keeper("/a/", &mark);
        assert_true(are_equal(mark, last));
        etcd_mark_keeper_close(keeper);
    }
}

/* Whether the file has this token, or one above it, within that time. */
static bool is_kept_within(uint64_t next_token, int64_t ms)
{
    int64_t until_ms = clock_now_ms() + ms;
    struct etcd_marks marks = {.count = 0};
    char error[STORE_ERROR_SIZE];

    while (clock_now_ms() < until_ms) {
        assert_int_equal(read_error(&marks, error), 0);
        if (etcd_marks_get(&marks, "/a/").next_token >= next_token)
            return true;
        sleep_us(POLL_US);
    }
    return false;
}

/* Behind another: the first of all waits for nothing. */
static void a_token_is_kept_soon(void **state)
{
    struct etcd_mark mark, later = first;
    struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);

    (void)state;
    etcd_mark_keeper_note(keeper, &first);
    assert_true(is_kept_within(first.next_token, SOON_MS));
    later.next_token++;
    etcd_mark_keeper_note(keeper, &later);
    assert_true(is_kept_within(later.next_token, SOON_MS));
    etcd_mark_keeper_close(keeper);
}

static void wait_for_news(struct etcd_mark_keeper *keeper, struct store_line *line)
{
    for (int i = 0; i < POLLS; i++) {
        if (etcd_mark_keeper_news(keeper, line))
            return;
        sleep_us(POLL_US);
    }
    fail_msg("there is no news");
}

static void a_mark_that_cannot_be_kept_is_told_of_once(void **state)
{
    struct etcd_mark mark;
    struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);
    struct store_line line;

    (void)state;
    assert_int_equal(mkdir(beside, 0700), 0);
    etcd_mark_keeper_note(keeper, &first);
    wait_for_news(keeper, &line);
    assert_true(line.is_trouble && line.is_beside);
    assert_non_null(strstr(line.text, "cannot be kept: cannot write"));
    assert_false(etcd_mark_keeper_news(keeper, &line));
    assert_int_equal(rmdir(beside), 0);
    wait_for_news(keeper, &line);
    assert_false(line.is_trouble);
    assert_string_equal(line.text, "what was seen of etcd is kept again");
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(are_equal(mark, first));
    etcd_mark_keeper_close(keeper);
}

static void a_damaged_mark_is_none_only_for_who_says_so(void **state)
{
    struct etcd_mark mark = first;
    struct etcd_mark_keeper *keeper;
    char error[STORE_ERROR_SIZE];

    (void)state;
    put_text("", 0);
    assert_null(etcd_mark_keeper_open(history, "/a/", false, &mark, error));
    assert_int_equal(errno, EBADMSG);
    keeper = etcd_mark_keeper_open(history, "/a/", true, &mark, error);
    assert_non_null(keeper);
    assert_true(are_equal(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_close(keeper);
    /* Nothing was seen yet: it stays damaged. */
    assert_null(etcd_mark_keeper_open(history, "/a/", false, &mark, error));
    put_text("farmlock-etcd-mark 2\n", strlen("farmlock-etcd-mark 2\n"));
    assert_null(etcd_mark_keeper_open(history, "/a/", true, &mark, error));
    assert_int_equal(errno, ENOTSUP);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

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
        IN_FOLDER(what_was_noted_last_is_there_at_the_next_start),
        IN_FOLDER(what_is_noted_while_it_writes_is_kept_at_the_end),
        IN_FOLDER(a_token_is_kept_soon),
        IN_FOLDER(a_mark_that_cannot_be_kept_is_told_of_once),
        IN_FOLDER(a_damaged_mark_is_none_only_for_who_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
