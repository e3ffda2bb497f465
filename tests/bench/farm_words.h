/* What a client of a farm in a box says: the lines of lockersh. */
#ifndef FARMLOCK_BENCH_FARM_WORDS_H
#define FARMLOCK_BENCH_FARM_WORDS_H

#include <stddef.h>

#include "farm_plan.h"

enum { FARM_WORDS_MAX = 1024 };

/* Each writes into FARM_WORDS_MAX bytes and returns how many it has written. */
size_t farm_words_lock(const struct farm_plan *plan, const struct job *job, char *out);
size_t farm_words_inside(const struct job *job, char *out);
size_t farm_words_unlock(const struct farm_plan *plan, const struct job *job, char *out);
size_t farm_words_greeting(char *out);
size_t farm_words_renew(const struct farm_plan *plan, const struct job *job, char *out);

/* The process of a job, as its node knows it. */
int farm_words_pid(const struct job *job);
uint64_t farm_words_start(const struct job *job);

#endif
