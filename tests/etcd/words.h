/* Words of the test's that programs here are told. */
#ifndef FARMLOCK_TESTS_ETCD_WORDS_H
#define FARMLOCK_TESTS_ETCD_WORDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

_Noreturn static inline void die(const char *what)
{
    printf("%s\n", what);
    exit(1);
}

static inline int64_t number_of(const char *word)
{
    uint64_t number = 0;

    if (word == NULL || number_parse(word, INT64_MAX, &number) != 0)
        die("that is no number");
    return (int64_t)number;
}

#endif
