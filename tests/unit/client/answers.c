/* A parser of answers for tests to feed.
 * Must not need files, sockets or time. */
#include "answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct answer_parser answers_parser;

int answers_setup(void **state)
{
    (void)state;
    memset(&answers_parser, 0, sizeof answers_parser);
    return 0;
}

int answers_teardown(void **state)
{
    (void)state;
    answer_parser_fini(&answers_parser);
    return 0;
}

void answers_feed(const char *text)
{
    assert_true(answer_parser_feed(&answers_parser, text, strlen(text)));
}

struct answer answers_next(enum answer_kind expected)
{
    struct answer answer = {0};

    assert_int_equal(answer_parser_next(&answers_parser, &answer), expected);
    return answer;
}
