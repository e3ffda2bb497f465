/* The words of plugstack.conf: what they set, and that wrong ones change nothing.
 * Must not need Slurm. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spank-plugin/settings.h"

static int complaints;

static void count(void *context, const char *word)
{
    (void)context;
    (void)word;
    complaints++;
}

static struct settings parse(const char *const *words)
{
    struct settings settings;
    char *argv[16];
    int argc = 0;

    while (words[argc] != NULL) {
        argv[argc] = (char *)words[argc];
        argc++;
    }
    complaints = 0;
    settings_init(&settings);
    settings_parse(&settings, argc, argv, count, NULL);
    return settings;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void all_words_are_understood(void **state)
{
    struct settings settings =
        PARSE("default=off", "grace=2.5", "signal=INT", "unreachable=60", "port=1800",
              "ports=40000-40999", "allocation=keep", "classic-pidstatd=yes");

    (void)state;
    assert_int_equal(complaints, 0);
    assert_false(settings.on);
    assert_int_equal(settings.grace_ms, 2500);
    assert_int_equal(settings.signal, SIGINT);
    assert_int_equal(settings.unreachable_ms, 60000);
    assert_int_equal(settings.pidstatd_port, 1800);
    assert_int_equal(settings.port_low, 40000);
    assert_int_equal(settings.port_high, 40999);
    assert_false(settings.cancel);
    assert_true(settings.classic_pidstatd);
    assert_false(PARSE("classic-pidstatd=no").classic_pidstatd);
    assert_false(PARSE("port=1800").classic_pidstatd);
}

static void without_words_silence_is_no_death(void **state)
{
    struct settings settings = PARSE(NULL);

    (void)state;
    assert_true(settings.on);
    assert_int_equal(settings.signal, SIGTERM);
    assert_int_equal(settings.grace_ms, 30000);
    assert_true(settings.cancel);
    assert_true(settings.unreachable_ms < 0);
    assert_int_equal(settings.port_low, 0);
}

static void never_takes_back_an_earlier_word(void **state)
{
    (void)state;
    assert_true(PARSE("unreachable=5", "unreachable=never").unreachable_ms < 0);
    assert_int_equal(complaints, 0);
}

static void a_wrong_word_is_reported_and_changes_nothing(void **state)
{
    static const char *const wrong[] = {
        "",
        "=",
        "nonsense",
        "default",
        "default=",
        "default=yes",
        "grace=",
        "grace=x",
        "grace=-1",
        "grace=1e9",
        "signal=",
        "signal=NOPE",
        "signal=99",
        "port=0",
        "port=65536",
        "port=x",
        "ports=",
        "ports=5",
        "ports=9-1",
        "ports=0-5",
        "ports=1-65536",
        "ports=-5",
        "ports=5-",
        "ports=1-2-3",
        "ports= 1-2",
        "unreachable",
        "unreachable=",
        "unreachable=x",
        "allocation=",
        "allocation=maybe",
        "Grace=5",
        " grace=5",
        "ports=123456789-123456790",
    };
    struct settings expected;

    (void)state;
    settings_init(&expected);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct settings settings = PARSE(wrong[i]);

        assert_int_equal(complaints, 1);
        assert_int_equal(settings.on, expected.on);
        assert_int_equal(settings.signal, expected.signal);
        assert_int_equal(settings.grace_ms, expected.grace_ms);
        assert_int_equal(settings.unreachable_ms, expected.unreachable_ms);
        assert_int_equal(settings.pidstatd_port, expected.pidstatd_port);
        assert_int_equal(settings.cancel, expected.cancel);
        assert_int_equal(settings.port_low, expected.port_low);
        assert_int_equal(settings.port_high, expected.port_high);
    }
}

static void a_switch_is_on_or_off(void **state)
{
    (void)state;
    assert_int_equal(settings_parse_switch("on"), 1);
    assert_int_equal(settings_parse_switch("off"), 0);
    assert_int_equal(settings_parse_switch("ON"), -1);
    assert_int_equal(settings_parse_switch(""), -1);
    assert_int_equal(settings_parse_switch(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_words_are_understood),
        cmocka_unit_test(without_words_silence_is_no_death),
        cmocka_unit_test(never_takes_back_an_earlier_word),
        cmocka_unit_test(a_wrong_word_is_reported_and_changes_nothing),
        cmocka_unit_test(a_switch_is_on_or_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
