/* A parser of answers for tests to feed. */
#ifndef FARMLOCK_TEST_ANSWERS_H
#define FARMLOCK_TEST_ANSWERS_H

#include "client/answer.h"

extern struct answer_parser answers_parser;

int answers_setup(void **state);
int answers_teardown(void **state);

void answers_feed(const char *text);

/* The next answer, which must be of that kind. */
struct answer answers_next(enum answer_kind expected);

#define ANSWERS_TEST(function) \
    cmocka_unit_test_setup_teardown(function, answers_setup, answers_teardown)

#endif
