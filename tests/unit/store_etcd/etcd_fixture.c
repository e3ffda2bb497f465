/* A replica under test beside a model of etcd, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "etcd_fixture.h"

enum { STEPS_MOST = 1000, KEY_SIZE = 64 };

static int take_row(void *context, const struct etcd_row *row)
{
    struct etcd_fixture *fixture = context;

    if (fixture->rows_most > 0 && fixture->rows == fixture->rows_most)
        return -1;
    fixture->rows++;
    snprintf(fixture->row, sizeof fixture->row, "%.*s=%.*s", (int)row->key.len,
             (const char *)row->key.data, (int)row->value.len, (const char *)row->value.data);
    return 0;
}

static int take_history(void *context, uint64_t number, struct etcd_bytes value)
{
    struct etcd_fixture *fixture = context;

    (void)value;
    assert_true(number > fixture->history_number);
    fixture->history++;
    fixture->history_number = number;
    return 0;
}

struct etcd_replica_options etcd_fixture_options(struct etcd_fixture *fixture, const char *instance)
{
    struct etcd_replica_options options = {
        .prefix = FIXTURE_PREFIX,
        .who = {.version = "1", .cluster = "c0ffee", .takeover_ms = FIXTURE_TAKEOVER_MS},
        .machine = "machine",
        .boot = "boot",
        .on_row = take_row,
        .on_history = take_history,
        .context = fixture,
    };

    snprintf(options.who.instance, sizeof options.who.instance, "%s", instance);
    snprintf(options.who.host, sizeof options.who.host, "host-of-%s", instance);
    return options;
}

void etcd_fixture_replace(struct etcd_fixture *fixture, const struct etcd_replica_options *options)
{
    etcd_replica_destroy(fixture->replica);
    fixture->replica = etcd_replica_create(options);
    assert_non_null(fixture->replica);
}

int etcd_fixture_setup(void **state)
{
    struct etcd_fixture *fixture = calloc(1, sizeof *fixture);
    struct etcd_replica_options options;

    assert_non_null(fixture);
    etcd_model_init(&fixture->etcd);
    fixture->now_ms = 1000000;
    options = etcd_fixture_options(fixture, "one");
    etcd_fixture_replace(fixture, &options);
    *state = fixture;
    return 0;
}

int etcd_fixture_teardown(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_replica_destroy(fixture->replica);
    etcd_model_fini(&fixture->etcd);
    buffer_fini(&fixture->response);
    free(fixture);
    return 0;
}

struct etcd_question etcd_fixture_ask(struct etcd_fixture *fixture)
{
    int64_t due_ms = etcd_replica_due_ms(fixture->replica);
    struct etcd_question question = {0};

    if (fixture->now_ms < due_ms)
        fixture->now_ms = due_ms;
    assert_true(etcd_replica_ask(fixture->replica, fixture->now_ms, &question));
    return question;
}

static enum etcd_outcome ask_model(struct etcd_fixture *fixture,
                                   const struct etcd_question *question)
{
    fixture->questions++;
    fixture->error = (struct etcd_error){0};
    return etcd_model_call(&fixture->etcd, question->method, question->request, &fixture->response,
                           &fixture->error);
}

enum etcd_event etcd_fixture_answer(struct etcd_fixture *fixture,
                                    const struct etcd_question *question)
{
    enum etcd_outcome outcome = ask_model(fixture, question);

    return etcd_replica_hear(fixture->replica, ++fixture->now_ms, outcome, &fixture->response,
                             &fixture->error);
}

enum etcd_event etcd_fixture_lose_question(struct etcd_fixture *fixture)
{
    const struct etcd_error error = {.text = "one:2379 does not answer"};

    buffer_drop(&fixture->response, fixture->response.len);
    return etcd_replica_hear(fixture->replica, ++fixture->now_ms, ETCD_UNKNOWN, &fixture->response,
                             &error);
}

enum etcd_event etcd_fixture_lose_answer(struct etcd_fixture *fixture,
                                         const struct etcd_question *question)
{
    ask_model(fixture, question);
    return etcd_fixture_lose_question(fixture);
}

enum etcd_event etcd_fixture_refuse(struct etcd_fixture *fixture, int code)
{
    const struct etcd_error error = {.code = code, .text = "no"};

    buffer_drop(&fixture->response, fixture->response.len);
    return etcd_replica_hear(fixture->replica, ++fixture->now_ms, ETCD_REFUSED, &fixture->response,
                             &error);
}

enum etcd_event etcd_fixture_step(struct etcd_fixture *fixture)
{
    struct etcd_question question = etcd_fixture_ask(fixture);

    return etcd_fixture_answer(fixture, &question);
}

void etcd_fixture_until(struct etcd_fixture *fixture, enum etcd_event event)
{
    for (int i = 0; i < STEPS_MOST; i++) {
        if (etcd_fixture_step(fixture) == event)
            return;
    }
    fail_msg("event %d does not come", (int)event);
}

void etcd_fixture_lead(struct etcd_fixture *fixture)
{
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    assert_int_equal(etcd_replica_commit(fixture->replica, NULL), 0);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
}

void etcd_fixture_stand_by(struct etcd_fixture *fixture)
{
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    etcd_fixture_lead(fixture);
    etcd_fixture_replace(fixture, &options);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
}

void etcd_fixture_lead_again(struct etcd_fixture *fixture)
{
    struct etcd_replica_options options = etcd_fixture_options(fixture, "one");

    etcd_fixture_replace(fixture, &options);
    fixture->rows = 0;
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
}

void etcd_fixture_usurp(struct etcd_fixture *fixture, const char *instance)
{
    struct etcd_replica *ours = fixture->replica;
    struct etcd_replica_options options = etcd_fixture_options(fixture, instance);
    int64_t now_ms = fixture->now_ms;

    fixture->replica = etcd_replica_create(&options);
    assert_non_null(fixture->replica);
    etcd_fixture_lead(fixture);
    etcd_replica_destroy(fixture->replica);
    fixture->replica = ours;
    fixture->now_ms = now_ms;
}

void etcd_fixture_commit(struct etcd_fixture *fixture, const char *name, const char *value)
{
    struct etcd_txn *txn = etcd_txn_create(FIXTURE_PREFIX);

    assert_non_null(txn);
    if (value != NULL)
        etcd_txn_put(txn, name, value, strlen(value));
    else
        etcd_txn_remove(txn, name);
    assert_int_equal(etcd_replica_commit(fixture->replica, txn), 0);
    etcd_txn_destroy(txn);
}

static const struct etcd_key *find(const struct etcd_fixture *fixture, const char *name)
{
    char key[KEY_SIZE];
    size_t at;

    snprintf(key, sizeof key, "%s%s", FIXTURE_PREFIX, name);
    at = etcd_keys_at_least(&fixture->etcd.keys, etcd_bytes_of(key));
    return at < fixture->etcd.keys.count ? &fixture->etcd.keys.keys[at] : NULL;
}

const char *etcd_fixture_value(const struct etcd_fixture *fixture, const char *name)
{
    static char text[1024];
    const struct etcd_value *value;
    char key[KEY_SIZE];

    snprintf(key, sizeof key, "%s%s", FIXTURE_PREFIX, name);
    value = etcd_keys_find(&fixture->etcd.keys, etcd_bytes_of(key));
    snprintf(text, sizeof text, "%.*s", value != NULL ? (int)value->len : 0,
             value != NULL ? value->data : "");
    return text;
}

size_t etcd_fixture_count(const struct etcd_fixture *fixture, const char *names)
{
    const struct etcd_keys *keys = &fixture->etcd.keys;
    const struct etcd_key *key = find(fixture, names);
    size_t len = strlen(FIXTURE_PREFIX) + strlen(names), count = 0;
    char prefix[KEY_SIZE];

    snprintf(prefix, sizeof prefix, "%s%s", FIXTURE_PREFIX, names);
    for (; key != NULL && key < keys->keys + keys->count; key++) {
        if (key->len < len || memcmp(key->key, prefix, len) != 0)
            break;
        count += etcd_keys_value(key, keys->revision) != NULL;
    }
    return count;
}
