/* Text in place of structs, so that a lock table's test is a few lines.
 * Must not know how the table works. */
#include "lock_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_NAMES = 16 };

static void __attribute__((format(printf, 2, 3)))
note(struct fixture *fixture, const char *format, ...)
{
    size_t len = strlen(fixture->events);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fixture->events + len, sizeof fixture->events - len, format, arguments);
    va_end(arguments);
}

static void record(void *context, const struct lock_event *event)
{
    static const char *const kinds[] = {"queued", "granted", "renewed", "released", "left", "away"};
    static const char *const reasons[] = {"none",  "unlock", "break", "limit",
                                          "death", "job",    "hangup"};
    struct fixture *fixture = context;

    note(fixture, "%s%s", fixture->events[0] != '\0' ? ", " : "", kinds[event->kind]);
    if (event->kind == LOCK_EVENT_RELEASED)
        note(fixture, " %s of", event->name);
    note(fixture, " %s", event->request->owner);
    if (event->reason != LOCK_REASON_NONE)
        note(fixture, " by %s", reasons[event->reason]);
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (fixture == NULL)
        return -1;
    fixture->table = lock_table_create(record, fixture);
    fixture->terms.wait = true;
    fixture->now_ms = 1000;
    *state = fixture;
    return fixture->table != NULL ? 0 : -1;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    const struct lock_seat *seat;
    struct lock_request *request;

    while ((request = lock_table_next_waiter(fixture->table, NULL)) != NULL)
        lock_table_end(fixture->table, request, LOCK_REASON_GONE, fixture->now_ms);
    while ((seat = lock_table_next_held(fixture->table, NULL)) != NULL)
        lock_table_end(fixture->table, seat->request, LOCK_REASON_GONE, fixture->now_ms);
    assert_int_equal(lock_table_waiter_count(fixture->table), 0);
    assert_int_equal(lock_table_held_count(fixture->table), 0);
    assert_int_equal(lock_table_name_count(fixture->table), 0);
    assert_true(lock_table_next_deadline(fixture->table) == INT64_MAX);
    lock_table_destroy(fixture->table);
    free(fixture);
    return 0;
}

/* Cuts `text` at each `separator`.  Returns how many parts there are. */
static size_t cut(char *text, const char *separator, const char **parts, size_t max)
{
    size_t count = 0;

    for (char *part = strtok(text, separator); part != NULL; part = strtok(NULL, separator)) {
        assert_true(count < max);
        parts[count++] = part;
    }
    return count;
}

struct lock_result fixture_ask(struct fixture *fixture, const char *owner, const char *demand)
{
    char *text = fixture->demand[FIXTURE_GROUPS];
    const char *parts[FIXTURE_GROUPS], *names[FIXTURE_GROUPS][MAX_NAMES];
    struct lock_group groups[FIXTURE_GROUPS] = {{0}};
    struct lock_ask ask = fixture->terms;

    snprintf(text, FIXTURE_TEXT, "%s", demand);
    ask.owner = owner;
    ask.groups = groups;
    ask.group_count = cut(text, "+", parts, FIXTURE_GROUPS);
    for (size_t g = 0; g < ask.group_count; g++) {
        const char *slash = strchr(parts[g], '/');

        groups[g].shared = slash != NULL && slash > parts[g] && slash[-1] == 's';
        groups[g].count = slash != NULL ? strtoul(parts[g], NULL, 10) : 1;
        snprintf(fixture->demand[g], FIXTURE_TEXT, "%s", slash != NULL ? slash + 1 : parts[g]);
        groups[g].name_count = cut(fixture->demand[g], ":", names[g], MAX_NAMES);
        groups[g].names = names[g];
    }
    return lock_table_request(fixture->table, &ask, fixture->now_ms);
}

struct lock_request *fixture_get(struct fixture *fixture, const char *owner, const char *demand)
{
    struct lock_result result = fixture_ask(fixture, owner, demand);

    assert_int_equal(result.outcome, LOCK_OUTCOME_GRANTED);
    assert_non_null(result.request);
    assert_int_equal(result.request->state, LOCK_HELD);
    assert_null(result.name);
    return result.request;
}

struct lock_request *fixture_queue(struct fixture *fixture, const char *owner, const char *demand)
{
    struct lock_result result = fixture_ask(fixture, owner, demand);

    assert_int_equal(result.outcome, LOCK_OUTCOME_QUEUED);
    assert_non_null(result.request);
    assert_int_equal(result.request->state, LOCK_WAITING);
    assert_null(result.name);
    return result.request;
}

void fixture_fail(struct fixture *fixture, const char *owner, const char *demand,
                  enum lock_outcome outcome, const char *name)
{
    char before[sizeof fixture->events];
    struct lock_result result;

    memcpy(before, fixture->events, sizeof before);
    result = fixture_ask(fixture, owner, demand);
    assert_int_equal(result.outcome, outcome);
    assert_null(result.request);
    assert_string_equal(fixture->events, before);
    if (name == NULL)
        assert_null(result.name);
    else
        assert_string_equal(result.name, name);
}

void fixture_crowd_of_job(struct fixture *fixture)
{
    fixture->terms.job = "17";
    fixture_get(fixture, "olga", "a");
    fixture_queue(fixture, "omar", "a");
    fixture_get(fixture, "owen", "b");
    fixture_queue(fixture, "otto", "b+a");
    fixture_expect(fixture, "granted olga, queued omar, granted owen, queued otto");
}

size_t fixture_unlock(struct fixture *fixture, const char *owner, const char *names)
{
    char text[FIXTURE_TEXT];
    const char *parts[MAX_NAMES];
    size_t count;

    snprintf(text, sizeof text, "%s", names);
    count = cut(text, ":", parts, MAX_NAMES);
    return lock_table_unlock(fixture->table, owner, parts, count, fixture->now_ms, NULL);
}

void fixture_expect(struct fixture *fixture, const char *events)
{
    assert_string_equal(fixture->events, events);
    fixture->events[0] = '\0';
}

const char *fixture_holder(const struct fixture *fixture, const char *name)
{
    const struct lock_request *holder = lock_table_holder(fixture->table, name);

    return holder != NULL ? holder->owner : "";
}
