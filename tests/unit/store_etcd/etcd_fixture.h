/* A replica under test beside a model of etcd, in virtual time: nothing is lost unless a test loses
 * it. */
#ifndef FARMLOCK_TEST_ETCD_FIXTURE_H
#define FARMLOCK_TEST_ETCD_FIXTURE_H

#include "etcd_model.h"
#include "store/etcd/replica.h"

#define FIXTURE_PREFIX "/f/"

enum { FIXTURE_TAKEOVER_MS = 5000, FIXTURE_SMALL = 64 };

struct etcd_fixture {
    struct etcd_model etcd;
    struct etcd_replica *replica;
    int64_t now_ms;
    struct buffer response;
    struct etcd_error error;
    size_t rows;             /* that were told since the last load began */
    char row[FIXTURE_SMALL]; /* the last one: NAME=VALUE */
    size_t rows_most;        /* then it gives up; 0: never */
    size_t history;          /* that was told */
    uint64_t history_number; /* the last one's */
    size_t questions;        /* that were answered */
};

/* For cmocka: the fixture is *state, and it has a replica named "one". */
int etcd_fixture_setup(void **state);
int etcd_fixture_teardown(void **state);
#define ETCD_FIXTURE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, etcd_fixture_setup, etcd_fixture_teardown)

/* What a replica of that instance is created with, and a new one in the place of the old. */
struct etcd_replica_options etcd_fixture_options(struct etcd_fixture *fixture,
                                                 const char *instance);
void etcd_fixture_replace(struct etcd_fixture *fixture, const struct etcd_replica_options *options);

/* Another replica, of the instance, leads from now on. */
void etcd_fixture_usurp(struct etcd_fixture *fixture, const char *instance);

/* Asks what is due, whenever that is, which etcd answers. */
enum etcd_event etcd_fixture_step(struct etcd_fixture *fixture);

/* Steps until that happens, which it must soon. */
void etcd_fixture_until(struct etcd_fixture *fixture, enum etcd_event event);

/* Leads, with a first commit behind it. */
void etcd_fixture_lead(struct etcd_fixture *fixture);

/* Another leads, with a first commit behind it; it has looked once. */
void etcd_fixture_stand_by(struct etcd_fixture *fixture);

/* A new replica of the same instance has taken over, and is about to read. */
void etcd_fixture_lead_again(struct etcd_fixture *fixture);

/* The question that is due, at that time. */
struct etcd_question etcd_fixture_ask(struct etcd_fixture *fixture);

/* Etcd does what was asked, and the replica hears of it, or hears that nobody knows. */
enum etcd_event etcd_fixture_answer(struct etcd_fixture *fixture,
                                    const struct etcd_question *question);
enum etcd_event etcd_fixture_lose_answer(struct etcd_fixture *fixture,
                                         const struct etcd_question *question);
enum etcd_event etcd_fixture_lose_question(struct etcd_fixture *fixture);
enum etcd_event etcd_fixture_refuse(struct etcd_fixture *fixture, int code);

/* Begins to commit one put, or one removal where `value` is NULL. */
void etcd_fixture_commit(struct etcd_fixture *fixture, const char *name, const char *value);

/* The value of a key, or "" where it is not there; valid until the next change. */
const char *etcd_fixture_value(const struct etcd_fixture *fixture, const char *name);
/* How many keys there are whose names begin so. */
size_t etcd_fixture_count(const struct etcd_fixture *fixture, const char *names);

#endif
