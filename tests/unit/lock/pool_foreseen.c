/* What a table says would come of a request, held against what comes of it.
 * Must not ask the table for anything else: whatever the question changes shows in what follows. */
#include "pool_foreseen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/pools.h"

enum { SEATS_MOST = 64, NAME_SIZE = 32 };

struct foreseen {
    const struct lock_table *table;
    size_t waiting; /* before */
    bool is_told, is_new;
    enum lock_outcome outcome;
    char seats[SEATS_MOST][NAME_SIZE];
    size_t seat_count;
    struct lock_reason_to_wait reason;
};

static void see(void *context, const struct lock_request *request, enum lock_outcome outcome)
{
    struct foreseen *it = context;

    assert_false(it->is_told);
    it->is_told = true;
    it->is_new = lock_table_waiter_count(it->table) > it->waiting;
    it->outcome = outcome;
    for (uint32_t i = 0; i < request->seat_count && it->seat_count < SEATS_MOST; i++) {
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            snprintf(it->seats[it->seat_count++], NAME_SIZE, "%s",
                     lock_seat_name(&request->seats[i]));
    }
    if (outcome == LOCK_OUTCOME_QUEUED)
        lock_table_explain(it->table, request, &it->reason);
}

static void check_grant(const struct foreseen *it, const struct lock_request *request)
{
    size_t found = 0;

    for (uint32_t i = 0; it->seat_count > 0 && i < request->seat_count; i++) {
        if (request->seats[i].state != LOCK_SEAT_HELD)
            continue;
        for (size_t k = 0; k < it->seat_count; k++)
            found += strcmp(it->seats[k], lock_seat_name(&request->seats[i])) == 0;
    }
    assert_int_equal(found, it->seat_count);
}

static void check_wait(const struct foreseen *it, const struct lock_request *request)
{
    struct lock_reason_to_wait reason;

    lock_table_explain(it->table, request, &reason);
    assert_int_equal(it->reason.why, reason.why);
    assert_int_equal(it->reason.rule, reason.rule);
    assert_int_equal(it->reason.place, reason.place);
    assert_int_equal(it->reason.of, reason.of);
    assert_int_equal(it->reason.a, reason.a);
    assert_int_equal(it->reason.b, reason.b);
    assert_int_equal(it->reason.c, reason.c);
}

enum lock_outcome pool_ask_foreseen(struct lock_table *table, const struct lock_ask *ask,
                                    int64_t now_ms)
{
    struct foreseen it = {.table = table, .waiting = lock_table_waiter_count(table)};
    enum lock_outcome said = lock_table_foresee(table, ask, now_ms, see, &it).outcome;
    struct lock_result result;

    assert_int_equal(it.is_told, said == LOCK_OUTCOME_GRANTED || said == LOCK_OUTCOME_QUEUED);
    result = lock_table_request(table, ask, now_ms);
    if (!ask->wait && said == LOCK_OUTCOME_QUEUED) {
        assert_int_equal(result.outcome, LOCK_OUTCOME_REFUSED);
        return result.outcome;
    }
    assert_int_equal(said, result.outcome);
    if (said == LOCK_OUTCOME_GRANTED)
        check_grant(&it, result.request);
    else if (said == LOCK_OUTCOME_QUEUED && it.is_new)
        check_wait(&it, result.request);
    return result.outcome;
}
