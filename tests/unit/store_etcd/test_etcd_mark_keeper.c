/* The thread that keeps what was seen of etcd, beside its caller's work.
 * Must not need an etcd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "mark_fixture.h"
#include "store/etcd_mark_keeper.h"

enum { POLL_US = 10000, CLOSES = 50, POLLS = 3000 };
enum { SOON_MS = 9000 }; /* less than the ten seconds that a revision may take */

static struct etcd_mark_keeper *open_keeper(const char *prefix, struct etcd_mark *mark)
{
    char error[STORE_ERROR_SIZE] = "";
    struct etcd_mark_keeper *keeper =
        etcd_mark_keeper_open(mark_history, prefix, false, mark, error);

    assert_string_equal(error, "");
    assert_non_null(keeper);
    return keeper;
}

static void what_was_noted_last_is_there_at_the_next_start(void **state)
{
    struct etcd_mark mark;
    struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);

    (void)state;
    assert_true(mark_is(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_note(keeper, &mark_second);
    etcd_mark_keeper_note(keeper, &mark_first);
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(mark_is(mark, mark_first));
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/b/", &mark);
    assert_true(mark_is(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_note(keeper, &mark_second);
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(mark_is(mark, mark_first));
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
        assert_true(mark_is(mark, last));
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
        assert_int_equal(mark_read_error(&marks, error), 0);
        if (etcd_marks_get(&marks, "/a/").next_token >= next_token)
            return true;
        sleep_us(POLL_US);
    }
    return false;
}

/* Behind another: the first of all waits for nothing. */
static void a_token_is_kept_soon(void **state)
{
    struct etcd_mark mark, later = mark_first;
    struct etcd_mark_keeper *keeper = open_keeper("/a/", &mark);

    (void)state;
    etcd_mark_keeper_note(keeper, &mark_first);
    assert_true(is_kept_within(mark_first.next_token, SOON_MS));
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
    assert_int_equal(mkdir(mark_beside, 0700), 0);
    etcd_mark_keeper_note(keeper, &mark_first);
    wait_for_news(keeper, &line);
    assert_true(line.is_trouble && line.is_beside);
    assert_non_null(strstr(line.text, "cannot be kept: cannot write"));
    assert_false(etcd_mark_keeper_news(keeper, &line));
    assert_int_equal(rmdir(mark_beside), 0);
    wait_for_news(keeper, &line);
    assert_false(line.is_trouble);
    assert_string_equal(line.text, "what was seen of etcd is kept again");
    etcd_mark_keeper_close(keeper);
    keeper = open_keeper("/a/", &mark);
    assert_true(mark_is(mark, mark_first));
    etcd_mark_keeper_close(keeper);
}

static void a_damaged_mark_is_none_only_for_who_says_so(void **state)
{
    struct etcd_mark mark = mark_first;
    struct etcd_mark_keeper *keeper;
    char error[STORE_ERROR_SIZE];

    (void)state;
    mark_put_text("", 0);
    assert_null(etcd_mark_keeper_open(mark_history, "/a/", false, &mark, error));
    assert_int_equal(errno, EBADMSG);
    keeper = etcd_mark_keeper_open(mark_history, "/a/", true, &mark, error);
    assert_non_null(keeper);
    assert_true(mark_is(mark, (struct etcd_mark){0}));
    etcd_mark_keeper_close(keeper);
    /* Nothing was seen yet: it stays damaged. */
    assert_null(etcd_mark_keeper_open(mark_history, "/a/", false, &mark, error));
    mark_put_text("farmlock-etcd-mark 2\n", strlen("farmlock-etcd-mark 2\n"));
    assert_null(etcd_mark_keeper_open(mark_history, "/a/", true, &mark, error));
    assert_int_equal(errno, ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_noted_last_is_there_at_the_next_start),
        IN_FOLDER(what_is_noted_while_it_writes_is_kept_at_the_end),
        IN_FOLDER(a_token_is_kept_soon),
        IN_FOLDER(a_mark_that_cannot_be_kept_is_told_of_once),
        IN_FOLDER(a_damaged_mark_is_none_only_for_who_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
