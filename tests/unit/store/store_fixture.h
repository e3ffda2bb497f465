/* A store under test, in a folder of its own, beside the lock table whose events it keeps. */
#ifndef FARMLOCK_STORE_FIXTURE_H
#define FARMLOCK_STORE_FIXTURE_H

#include "store_model.h"

struct store_fixture {
    char folder[64], path[96];
    struct lock_table *table;
    struct store_batch *batch; /* which the table's events go to */
    int64_t now_ms;
    enum store_durability durability;
    struct store *store; /* NULL until it is opened */
    struct store_loader loaded;
    char error[STORE_ERROR_SIZE];
    char live[STORE_MODEL_TEXT], restored[STORE_MODEL_TEXT];
};

/* For cmocka: the fixture is *state. */
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);
#define STORE_FIXTURE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

/* A lock_event_fn whose context is a fixture. */
void store_fixture_event(void *context, const struct lock_event *event);

/* A second store of the file, or NULL with errno and `error`. */
struct store *store_fixture_try_open(struct store_fixture *fixture, int64_t history_ms);

/* Opens the store and describes in `restored` what it had; -1 with `error`.  The second fails the
 * test instead; the third closes it first. */
int store_fixture_load(struct store_fixture *fixture, int64_t history_ms);
void store_fixture_begin(struct store_fixture *fixture);
void store_fixture_come_back(struct store_fixture *fixture);

/* Submits the batch and begins a new one; returns its number. */
uint64_t store_fixture_commit(struct store_fixture *fixture);

/* Waits until a batch is safe, or has failed. */
struct store_progress store_fixture_wait(struct store *store, uint64_t number);
void store_fixture_commit_safely(struct store_fixture *fixture);

/* One lock, waited for, and given back. */
void store_fixture_ask(struct store_fixture *fixture, const char *owner, const char *name);
void store_fixture_release(struct store_fixture *fixture, const char *owner, const char *name);

#endif
