/* Lines for the log of how an engine in etcd stands, and of what is beside that.
 * Must not need an engine that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/etcd_say.h"

static struct etcd_engine engine;

static int open_engine(void **state)
{
    (void)state;
    engine = (struct etcd_engine){.news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return engine.news_fd < 0;
}

static int close_engine(void **state)
{
    (void)state;
    return close(engine.news_fd);
}

static void takes(const char *text, bool is_trouble, bool is_beside)
{
    struct store_line line;

    assert_true(etcd_say_take(&engine, &line));
    assert_string_equal(line.text, text);
    assert_int_equal(line.is_trouble, is_trouble);
    assert_int_equal(line.is_beside, is_beside);
}

static void has_no_more_to_say(void)
{
    struct store_line line;

    assert_false(etcd_say_take(&engine, &line));
}

static void how_it_stands_is_said_once(void **state)
{
    uint64_t news;

    (void)state;
    etcd_say(&engine, false, "leading: term %d", 7);
    assert_int_equal(read(engine.news_fd, &news, sizeof news), sizeof news);
    takes("leading: term 7", false, false);
    etcd_say(&engine, false, "leading: term %d", 7);
    assert_int_equal(read(engine.news_fd, &news, sizeof news), -1);
    has_no_more_to_say();
}

static void what_nobody_took_is_said_before_what_followed(void **state)
{
    (void)state;
    etcd_say(&engine, true, "deposed: another leads");
    etcd_say(&engine, false, "standing by");
    takes("deposed: another leads", true, true);
    takes("standing by", false, false);
    has_no_more_to_say();
}

static void trouble_is_said_once_a_minute(void **state)
{
    (void)state;
    etcd_say(&engine, true, "refused");
    etcd_say(&engine, true, "no answer");
    takes("refused", true, false);
    has_no_more_to_say();
    etcd_say(&engine, false, "leading");
    etcd_say(&engine, true, "no answer");
    takes("leading", false, true);
    takes("no answer", true, false);
}

static void where_nobody_listens_the_newest_of_how_it_stands_is_kept(void **state)
{
    (void)state;
    for (int i = 0; i <= 2 * ETCD_BESIDE_MOST; i++)
        etcd_say(&engine, false, "term %d", i);
    for (int i = 0; i < ETCD_BESIDE_MOST; i++) {
        char text[16];

        snprintf(text, sizeof text, "term %d", i);
        takes(text, false, true);
    }
    takes("term 16", false, false);
    has_no_more_to_say();
}

int main(void)
{
#define SAY_TEST(function) cmocka_unit_test_setup_teardown(function, open_engine, close_engine)
    const struct CMUnitTest tests[] = {
        SAY_TEST(how_it_stands_is_said_once),
        SAY_TEST(what_nobody_took_is_said_before_what_followed),
        SAY_TEST(trouble_is_said_once_a_minute),
        SAY_TEST(where_nobody_listens_the_newest_of_how_it_stands_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
