/* Ends in slices, one behind the other.
 * Must not have anything happen in between. */
#include "lock_slices.h"

static size_t end_all(struct lock_table *table, struct lock_ending *ending, size_t looks,
                      int64_t now_ms)
{
    while (!lock_table_end_some(table, ending, NULL, looks, now_ms))
        ;
    return ending->ended;
}

size_t slices_end_process(struct lock_table *table, const char *host, uint64_t pid, size_t looks,
                          int64_t now_ms)
{
    struct lock_ending ending;

    lock_ending_init_process(&ending, table, host, pid);
    return end_all(table, &ending, looks, now_ms);
}

size_t slices_end_job(struct lock_table *table, const char *job, size_t looks, int64_t now_ms)
{
    struct lock_ending ending;

    lock_ending_init_job(&ending, table, job);
    return end_all(table, &ending, looks, now_ms);
}
