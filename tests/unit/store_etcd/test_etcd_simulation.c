/* Two lockerd over a model of etcd, by chance: a million things that happen, and what must not come
 * of them; and that what would be wrong is found.
 * Must not need an etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "etcd_world.h"

enum { NORMAL_STEPS = 1000000, SLOW_STEPS = 20000, SEEDS = 10 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number = otherwise;

    if (text != NULL && number_parse(text, UINT64_MAX, &number) != 0)
        fail_msg("%s=%s is no number", name, text);
    return number;
}

/* All of them are numbers of one type. */
static void add_counts(struct world_counts *sum, const struct world_counts *counts)
{
    int64_t numbers[sizeof *sum / sizeof(int64_t)], more[sizeof *sum / sizeof(int64_t)];

    memcpy(numbers, sum, sizeof *sum);
    memcpy(more, counts, sizeof *counts);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        numbers[i] += more[i];
    memcpy(sum, numbers, sizeof *sum);
}

static void print_counts(const struct world_counts *counts)
{
    print_message("# %lld steps: %lld transactions in %lld terms, %lld commits, %lld grants and "
                  "%lld reads told\n",
                  (long long)counts->steps, (long long)counts->txns, (long long)counts->terms,
                  (long long)counts->commits, (long long)counts->told_grants,
                  (long long)counts->told_reads);
    print_message("# %lld deposed, %lld resigned, %lld failed, %lld unknown, %lld loads, %lld of "
                  "the history, %lld kept out\n",
                  (long long)counts->deposed, (long long)counts->resigned,
                  (long long)counts->failed, (long long)counts->unknown, (long long)counts->loads,
                  (long long)counts->history, (long long)counts->kept_out);
    print_message("# %lld kills, %lld pauses, %lld cuts, %lld compactions\n",
                  (long long)counts->kills, (long long)counts->pauses, (long long)counts->cuts,
                  (long long)counts->compactions);
}

/* What never happens is not tried. */
static void assert_all_has_happened(const struct world_counts *counts)
{
    assert_true(counts->terms > 0 && counts->commits > 0);
    assert_true(counts->told_grants > 0 && counts->told_reads > 0);
    assert_true(counts->deposed > 0 && counts->resigned > 0 && counts->failed > 0);
    assert_true(counts->unknown > 0 && counts->loads > counts->terms / 2);
    assert_true(counts->history > 0 && counts->kills > 0 && counts->pauses > 0);
    assert_true(counts->cuts > 0 && counts->compactions > 0);
}

/* Returns after how many steps a fault was found; 0: none was. */
static int64_t play(enum world_mutant mutant, uint64_t seed, int64_t steps,
                    struct world_counts *counts)
{
    struct etcd_world *world = malloc(sizeof *world);
    int64_t faults;

    assert_non_null(world);
    etcd_world_init(world, mutant, seed);
    etcd_world_run(world, steps);
    etcd_world_calm_down(world);
    *counts = world->counts;
    faults = world->faults;
    if (faults > 0)
        print_message("# seed %llu, step %lld: %s\n", (unsigned long long)seed,
                      (long long)counts->steps, world->fault);
    etcd_world_fini(world);
    free(world);
    return faults > 0 ? counts->steps : 0;
}

static void nothing_is_told_that_is_not_so(void **state)
{
    int64_t steps = (int64_t)number_from(
        "FARMLOCK_OPS", getenv("FARMLOCK_SLOW") != NULL ? SLOW_STEPS : NORMAL_STEPS);
    uint64_t seed = number_from("FARMLOCK_SEED", 1);
    int seeds = steps < NORMAL_STEPS ? 1 : SEEDS;
    struct world_counts counts, sum = {0};

    (void)state;
    for (int i = 0; i < seeds; i++) {
        assert_int_equal(play(WORLD_REAL, seed + (uint64_t)i, steps / seeds, &counts), 0);
        add_counts(&sum, &counts);
    }
    print_counts(&sum);
    if (steps >= NORMAL_STEPS)
        assert_all_has_happened(&sum);
}

static void assert_found(enum world_mutant mutant)
{
    struct world_counts counts;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        if (play(mutant, seed, NORMAL_STEPS / SEEDS, &counts) > 0)
            return;
    }
    fail_msg("a mutant lives");
}

static void without_the_sequence_guard_a_late_copy_is_found(void **state)
{
    (void)state;
    assert_found(WORLD_NO_SEQ_GUARD);
}

static void reads_that_nobody_confirmed_are_found(void **state)
{
    (void)state;
    assert_found(WORLD_READS_AT_ONCE);
}

static void reads_by_the_clock_of_a_lease_are_found(void **state)
{
    (void)state;
    assert_found(WORLD_READS_BY_LEASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_that_is_not_so),
        cmocka_unit_test(without_the_sequence_guard_a_late_copy_is_found),
        cmocka_unit_test(reads_that_nobody_confirmed_are_found),
        cmocka_unit_test(reads_by_the_clock_of_a_lease_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
