/* A lock table for unit tests, its demands and events written as text. */
#ifndef FARMLOCK_LOCK_FIXTURE_H
#define FARMLOCK_LOCK_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "lock/table.h"

enum { FIXTURE_GROUPS = 8, FIXTURE_TEXT = 256 };

struct fixture {
    struct lock_table *table;
    int64_t now_ms;
    struct lock_ask terms; /* of the next requests; waits, and nothing else, at first */
    char events[4096];     /* since they were last looked at */
    char demand[FIXTURE_GROUPS + 1][FIXTURE_TEXT]; /* names of the last request */
};

/* For cmocka: each test has its own table.  The end of it checks that a table whose requests have
 * all ended knows no names, holds no lock and has no deadline.
 */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Asks for a demand: names are joined by ':', groups by '+', and "2/" before a group is its count.
 * "a:b+2/c:d:e" is one of a and b, and two of c, d and e; "1s/a" shares a.
 */
struct lock_result fixture_ask(struct fixture *fixture, const char *owner, const char *demand);

/* The same, and the outcome must be this one.  Returns the request. */
struct lock_request *fixture_get(struct fixture *fixture, const char *owner, const char *demand);
struct lock_request *fixture_queue(struct fixture *fixture, const char *owner, const char *demand);
void fixture_fail(struct fixture *fixture, const char *owner, const char *demand,
                  enum lock_outcome outcome, const char *name);

/* Four requests of job 17, in each other's way: olga has a, owen b, omar waits for a, otto for
 * both. */
void fixture_crowd_of_job(struct fixture *fixture);

/* Gives back names joined by ':'.  Returns how many were given back. */
size_t fixture_unlock(struct fixture *fixture, const char *owner, const char *names);

/* The events since the last call must be these, such as
 * "released a of olga by unlock, granted omar, queued otto, left owen by job".
 */
void fixture_expect(struct fixture *fixture, const char *events);

/* Who holds the lock: "" for nobody. */
const char *fixture_holder(const struct fixture *fixture, const char *name);

#endif
