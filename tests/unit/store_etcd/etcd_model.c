/* A model of etcd, at the bytes of its messages.
 * Must not use lib/store/etcd: what that says is read by somebody else. */
#include "etcd_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/etcd/etcd.pb-c.h"

enum { TXN_OPS_MOST = 128, REQUEST_BYTES_MOST = 1536 * 1024 };

void etcd_model_init(struct etcd_model *model)
{
    *model = (struct etcd_model){.cluster_id = 77};
    model->keys.revision = 1;
}

void etcd_model_fini(struct etcd_model *model)
{
    etcd_keys_fini(&model->keys);
}

static struct etcd_bytes bytes_of(ProtobufCBinaryData data)
{
    return (struct etcd_bytes){data.data, data.len};
}

static enum etcd_outcome refuse(struct etcd_error *error, int code, const char *text)
{
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s", text);
    return ETCD_REFUSED;
}

static Etcd__Header header_of(const struct etcd_model *model, int64_t revision)
{
    Etcd__Header header = ETCD__HEADER__INIT;

    header.cluster_id = model->cluster_id;
    header.member_id = 1;
    header.revision = revision;
    return header;
}

static enum etcd_outcome answer(struct buffer *response, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);

    buffer_drop(response, response->len);
    if (len > 0) {
        char *at = buffer_extend(response, len);

        assert(at != NULL);
        protobuf_c_message_pack(message, (uint8_t *)at);
    }
    return ETCD_ANSWERED;
}

/* ranges */

static bool is_in(const struct etcd_key *key, struct etcd_bytes end)
{
    return etcd_keys_compare((struct etcd_bytes){key->key, key->len}, end) < 0;
}

/* The pairs are freed with the response by free_range(). */
static void fill_range(const struct etcd_model *model, const Etcd__RangeRequest *request,
                       int64_t revision, Etcd__RangeResponse *response)
{
    const struct etcd_keys *keys = &model->keys;
    size_t at = etcd_keys_at_least(keys, bytes_of(request->key)), room = 0;

    for (; at < keys->count && is_in(&keys->keys[at], bytes_of(request->range_end)); at++) {
        const struct etcd_key *key = &keys->keys[at];
        const struct etcd_value *value = etcd_keys_value(key, revision);
        Etcd__KeyValue *pair;

        if (value == NULL)
            continue;
        if (request->limit > 0 && response->n_kvs == (size_t)request->limit) {
            response->more = true;
            return;
        }
        if (response->n_kvs == room) {
            room = room > 0 ? 2 * room : 4;
            response->kvs = realloc(response->kvs, room * sizeof(Etcd__KeyValue *));
            assert(response->kvs != NULL);
        }
        pair = malloc(sizeof *pair);
        assert(pair != NULL);
        etcd__key_value__init(pair);
        pair->key = (ProtobufCBinaryData){key->len, (uint8_t *)key->key};
        pair->value = (ProtobufCBinaryData){value->len, (uint8_t *)value->data};
        pair->mod_revision = value->revision;
        response->kvs[response->n_kvs++] = pair;
    }
}

static void free_range(Etcd__RangeResponse *response)
{
    for (size_t i = 0; i < response->n_kvs; i++)
        free(response->kvs[i]);
    free(response->kvs);
}

static enum etcd_outcome do_range(struct etcd_model *model, const Etcd__RangeRequest *request,
                                  struct buffer *out, struct etcd_error *error)
{
    int64_t now =
        model->keys.revision - model->behind - (request->serializable ? model->behind_alone : 0);
    int64_t revision = request->revision != 0 ? request->revision : now;
    Etcd__RangeResponse response = ETCD__RANGE_RESPONSE__INIT;
    Etcd__Header header;

    if (revision > model->keys.revision)
        return refuse(error, ETCD_CODE_OUT_OF_RANGE, "required revision is a future revision");
    if (revision < model->keys.compacted)
        return refuse(error, ETCD_CODE_OUT_OF_RANGE, "required revision has been compacted");
    header = header_of(model, now);
    response.header = &header;
    fill_range(model, request, revision, &response);
    answer(out, &response.base);
    free_range(&response);
    return ETCD_ANSWERED;
}

/* transactions: what is allowed */

struct written {
    struct etcd_bytes key, end; /* the end of a removal's range; else empty */
    bool is_put;
};

struct writes {
    struct written *items;
    size_t count, room;
};

static void add_write(struct writes *writes, struct written write)
{
    if (writes->count == writes->room) {
        writes->room = writes->room > 0 ? 2 * writes->room : 16;
        writes->items = realloc(writes->items, writes->room * sizeof *writes->items);
        assert(writes->items != NULL);
    }
    writes->items[writes->count++] = write;
}

/* Lists what is written.  Returns false for more operations than etcd takes. */
static bool look_over(const Etcd__TxnRequest *request, size_t room, struct writes *writes)
{
    size_t most = request->n_success;

    if (most < request->n_compare)
        most = request->n_compare;
    if (most < request->n_failure)
        most = request->n_failure;
    if (most > room)
        return false;
    for (size_t i = 0; i < request->n_success; i++) {
        const Etcd__Operation *op = request->success[i];

        if (op->what_case == ETCD__OPERATION__WHAT_TXN && !look_over(op->txn, room - most, writes))
            return false;
        if (op->what_case == ETCD__OPERATION__WHAT_PUT)
            add_write(writes, (struct written){bytes_of(op->put->key), {NULL, 0}, true});
        if (op->what_case == ETCD__OPERATION__WHAT_REMOVE)
            add_write(writes, (struct written){bytes_of(op->remove->key),
                                               bytes_of(op->remove->range_end), false});
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    return etcd_keys_compare(((const struct written *)a)->key, ((const struct written *)b)->key);
}

static bool covers(const struct written *removal, struct etcd_bytes key)
{
    return !removal->is_put && removal->end.len > 0 && etcd_keys_compare(removal->key, key) <= 0 &&
           etcd_keys_compare(key, removal->end) < 0;
}

/* A put, and something else of the same key. */
static bool names_one_twice(struct writes *writes)
{
    qsort(writes->items, writes->count, sizeof *writes->items, by_key);
    for (size_t i = 1; i < writes->count; i++) {
        const struct written *a = &writes->items[i - 1], *b = &writes->items[i];

        if (etcd_keys_compare(a->key, b->key) == 0 && (a->is_put || b->is_put))
            return true;
    }
    for (size_t i = 0; i < writes->count; i++) {
        for (size_t j = 0; writes->items[i].end.len > 0 && j < writes->count; j++) {
            if (writes->items[j].is_put && covers(&writes->items[i], writes->items[j].key))
                return true;
        }
    }
    return false;
}

static bool has_put(const struct writes *writes)
{
    for (size_t i = 0; i < writes->count; i++) {
        if (writes->items[i].is_put)
            return true;
    }
    return false;
}

static const char *why_not(const struct etcd_model *model, const Etcd__TxnRequest *request,
                           int *code)
{
    struct writes writes = {0};
    const char *why = NULL;

    *code = ETCD_CODE_INVALID_ARGUMENT;
    if (!look_over(request, TXN_OPS_MOST, &writes)) {
        why = "too many operations in txn request";
    } else if (names_one_twice(&writes)) {
        why = "duplicate key given in txn request";
    } else if (model->is_full && has_put(&writes)) {
        *code = ETCD_CODE_EXHAUSTED;
        why = "mvcc: database space exceeded";
    }
    free(writes.items);
    return why;
}

/* transactions: what is done */

static bool ends_with(struct etcd_bytes key, const char *end)
{
    size_t len = strlen(end);

    return key.len >= len && memcmp((const char *)key.data + key.len - len, end, len) == 0;
}

static bool holds(const struct etcd_model *model, const Etcd__Compare *guard)
{
    const struct etcd_value *value = etcd_keys_find(&model->keys, bytes_of(guard->key));

    assert(guard->target == ETCD__COMPARE__TARGET__MOD);
    assert(guard->result == ETCD__COMPARE__RESULT__EQUAL);
    assert(guard->than_case == ETCD__COMPARE__THAN_MOD_REVISION);
    if (model->unguarded != NULL && ends_with(bytes_of(guard->key), model->unguarded))
        return true;
    return guard->mod_revision == (value != NULL ? value->revision : 0);
}

static void change(struct etcd_model *model, int64_t revision, struct etcd_bytes key,
                   const struct etcd_bytes *value)
{
    const struct etcd_value *old = etcd_keys_find(&model->keys, key);

    if (value == NULL && old == NULL)
        return;
    if (model->on_change != NULL)
        model->on_change(model->context, key, old, value);
    etcd_keys_write(&model->keys, revision, key, value);
    /* A later operation of the same transaction has another key: what it finds is older. */
    if (model->keys.revision < revision)
        model->keys.revision = revision;
}

static void remove_keys(struct etcd_model *model, int64_t revision,
                        const Etcd__DeleteRequest *request)
{
    struct etcd_keys *keys = &model->keys;

    if (request->range_end.len == 0) {
        change(model, revision, bytes_of(request->key), NULL);
        return;
    }
    for (size_t at = etcd_keys_at_least(keys, bytes_of(request->key));
         at < keys->count && is_in(&keys->keys[at], bytes_of(request->range_end)); at++)
        change(model, revision, (struct etcd_bytes){keys->keys[at].key, keys->keys[at].len}, NULL);
}

static void apply(struct etcd_model *model, int64_t revision, const Etcd__TxnRequest *request)
{
    for (size_t i = 0; i < request->n_success; i++) {
        const Etcd__Operation *op = request->success[i];

        if (op->what_case == ETCD__OPERATION__WHAT_TXN) {
            assert(op->txn->n_compare == 0);
            apply(model, revision, op->txn);
        } else if (op->what_case == ETCD__OPERATION__WHAT_PUT) {
            const struct etcd_bytes value = bytes_of(op->put->value);

            change(model, revision, bytes_of(op->put->key), &value);
        } else {
            assert(op->what_case == ETCD__OPERATION__WHAT_REMOVE);
            remove_keys(model, revision, op->remove);
        }
    }
}

static void answer_txn(const struct etcd_model *model, bool succeeded,
                       const Etcd__TxnRequest *request, struct buffer *out)
{
    Etcd__TxnResponse response = ETCD__TXN_RESPONSE__INIT;
    Etcd__Header header = header_of(model, model->keys.revision);
    Etcd__RangeResponse range = ETCD__RANGE_RESPONSE__INIT;
    Etcd__Answer part = ETCD__ANSWER__INIT, *parts = &part;

    response.header = &header;
    response.succeeded = succeeded;
    if (!succeeded && request->n_failure > 0) {
        assert(request->n_failure == 1);
        assert(request->failure[0]->what_case == ETCD__OPERATION__WHAT_RANGE);
        fill_range(model, request->failure[0]->range, model->keys.revision, &range);
        part.what_case = ETCD__ANSWER__WHAT_RANGE;
        part.range = &range;
        response.n_responses = 1;
        response.responses = &parts;
    }
    answer(out, &response.base);
    free_range(&range);
}

static enum etcd_outcome do_txn(struct etcd_model *model, const Etcd__TxnRequest *request,
                                struct buffer *out, struct etcd_error *error)
{
    bool succeeded = true;
    int code;
    const char *why = why_not(model, request, &code);

    if (why != NULL)
        return refuse(error, code, why);
    for (size_t i = 0; i < request->n_compare; i++)
        succeeded = succeeded && holds(model, request->compare[i]);
    if (succeeded) {
        apply(model, model->keys.revision + 1, request);
        if (model->on_txn != NULL)
            model->on_txn(model->context);
    }
    answer_txn(model, succeeded, request, out);
    return ETCD_ANSWERED;
}

static enum etcd_outcome do_compact(struct etcd_model *model, int64_t revision,
                                    struct buffer *response, struct etcd_error *error)
{
    if (revision > model->keys.revision || revision <= model->keys.compacted)
        return refuse(error, ETCD_CODE_OUT_OF_RANGE, "required revision has been compacted");
    etcd_keys_compact(&model->keys, revision);
    buffer_drop(response, response->len);
    return ETCD_ANSWERED;
}

static enum etcd_outcome tell_status(const struct etcd_model *model, struct buffer *response)
{
    Etcd__StatusResponse status = ETCD__STATUS_RESPONSE__INIT;
    Etcd__Header header = header_of(model, model->keys.revision);
    char full[] = "memberID:1 alarm:NOSPACE ", *errors = full;
    char version[] = "3.5.30";

    status.header = &header;
    status.version = version;
    status.db_size = 4096;
    status.n_errors = model->is_full;
    status.errors = &errors;
    return answer(response, &status.base);
}

enum etcd_outcome etcd_model_call(struct etcd_model *model, enum etcd_method method,
                                  const struct buffer *request, struct buffer *response,
                                  struct etcd_error *error)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        [ETCD_TXN] = &etcd__txn_request__descriptor,
        [ETCD_RANGE] = &etcd__range_request__descriptor,
        [ETCD_COMPACT] = &etcd__compact_request__descriptor,
        [ETCD_STATUS] = &etcd__status_request__descriptor,
    };
    enum etcd_outcome outcome = ETCD_REFUSED;
    void *message;

    if (request->len > REQUEST_BYTES_MOST)
        return refuse(error, ETCD_CODE_INVALID_ARGUMENT, "request is too large");
    message = protobuf_c_message_unpack(descriptors[method], NULL, request->len,
                                        (const uint8_t *)request->data);
    assert(message != NULL);
    if (method == ETCD_TXN)
        outcome = do_txn(model, message, response, error);
    else if (method == ETCD_RANGE)
        outcome = do_range(model, message, response, error);
    else if (method == ETCD_STATUS)
        outcome = tell_status(model, response);
    else
        outcome = do_compact(model, ((Etcd__CompactRequest *)message)->revision, response, error);
    protobuf_c_message_free_unpacked(message, NULL);
    return outcome;
}
