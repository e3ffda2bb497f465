/* The bytes of etcd's messages, by protobuf-c.
 * Must not know what keys and values mean, nor how messages travel. */
#include "wire.h"

#include <errno.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/etcd/etcd.pb-c.h"

enum {
    GUARDS_MOST = 16,
    DIRECT_MOST = 100,   /* operations that need no inner transactions */
    INNER_OPS_MOST = 64, /* so many of so many: 64 + 64 is etcd's 128 */
    INNERS_MOST = 64,
};

_Static_assert(INNERS_MOST *INNER_OPS_MOST == ETCD_OPS_MOST, "all operations have a place");

static ProtobufCBinaryData binary(struct etcd_bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.len, .data = (uint8_t *)bytes.data};
}

static struct etcd_bytes bytes_of(ProtobufCBinaryData data)
{
    return (struct etcd_bytes){data.data, data.len};
}

static int pack(struct buffer *out, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    char *at;

    buffer_drop(out, out->len);
    if (len == 0)
        return 0;
    at = buffer_extend(out, len);
    if (at == NULL) {
        errno = ENOMEM;
        return -1;
    }
    protobuf_c_message_pack(message, (uint8_t *)at);
    return 0;
}

/* transactions */

/* An operation as protobuf-c wants it. */
struct packed_op {
    Etcd__Operation operation;
    union {
        Etcd__PutRequest put;
        Etcd__DeleteRequest remove;
    };
};

/* The tree of one transaction, in one piece. */
struct packing {
    Etcd__Compare guards[GUARDS_MOST], *guards_at[GUARDS_MOST];
    Etcd__RangeRequest look;
    Etcd__Operation look_op, *look_at;
    Etcd__TxnRequest inner[INNERS_MOST];
    Etcd__Operation outer[INNERS_MOST], *outer_at[INNERS_MOST];
    Etcd__Operation *ops_at[ETCD_OPS_MOST];
    struct packed_op ops[]; /* so many as there are operations */
};

static Etcd__RangeRequest range_request(const struct etcd_range *range)
{
    Etcd__RangeRequest request = ETCD__RANGE_REQUEST__INIT;

    request.key = binary(range->first);
    request.range_end = binary(range->end);
    request.limit = range->limit;
    request.revision = range->revision;
    request.serializable = range->serializable;
    return request;
}

static void pack_op(struct packed_op *packed, const struct etcd_op *op)
{
    etcd__operation__init(&packed->operation);
    if (op->kind == ETCD_PUT) {
        etcd__put_request__init(&packed->put);
        packed->put.key = binary(op->key);
        packed->put.value = binary(op->value);
        packed->operation.what_case = ETCD__OPERATION__WHAT_PUT;
        packed->operation.put = &packed->put;
        return;
    }
    etcd__delete_request__init(&packed->remove);
    packed->remove.key = binary(op->key);
    if (op->kind == ETCD_REMOVE_RANGE)
        packed->remove.range_end = binary(op->value);
    packed->operation.what_case = ETCD__OPERATION__WHAT_REMOVE;
    packed->operation.remove = &packed->remove;
}

static void pack_guards(struct packing *packing, Etcd__TxnRequest *request,
                        const struct etcd_wire_txn *txn)
{
    for (size_t i = 0; i < txn->guard_count; i++) {
        Etcd__Compare *guard = &packing->guards[i];

        etcd__compare__init(guard);
        guard->target = ETCD__COMPARE__TARGET__MOD;
        guard->key = binary(txn->guards[i].key);
        guard->than_case = ETCD__COMPARE__THAN_MOD_REVISION;
        guard->mod_revision = txn->guards[i].revision;
        packing->guards_at[i] = guard;
    }
    request->n_compare = txn->guard_count;
    request->compare = packing->guards_at;
}

static void pack_inners(struct packing *packing, Etcd__TxnRequest *request, size_t op_count)
{
    size_t count = (op_count + INNER_OPS_MOST - 1) / INNER_OPS_MOST;

    for (size_t i = 0; i < count; i++) {
        size_t first = i * INNER_OPS_MOST, left = op_count - first;

        etcd__txn_request__init(&packing->inner[i]);
        packing->inner[i].success = packing->ops_at + first;
        packing->inner[i].n_success = left < INNER_OPS_MOST ? left : INNER_OPS_MOST;
        etcd__operation__init(&packing->outer[i]);
        packing->outer[i].what_case = ETCD__OPERATION__WHAT_TXN;
        packing->outer[i].txn = &packing->inner[i];
        packing->outer_at[i] = &packing->outer[i];
    }
    request->n_success = count;
    request->success = packing->outer_at;
}

static void pack_look(struct packing *packing, Etcd__TxnRequest *request,
                      const struct etcd_range *look)
{
    packing->look = range_request(look);
    etcd__operation__init(&packing->look_op);
    packing->look_op.what_case = ETCD__OPERATION__WHAT_RANGE;
    packing->look_op.range = &packing->look;
    packing->look_at = &packing->look_op;
    request->n_failure = 1;
    request->failure = &packing->look_at;
}

int etcd_wire_txn(struct buffer *out, const struct etcd_wire_txn *txn)
{
    Etcd__TxnRequest request = ETCD__TXN_REQUEST__INIT;
    struct packing *packing;
    int result;

    if (txn->op_count > ETCD_OPS_MOST || txn->guard_count > GUARDS_MOST) {
        errno = E2BIG;
        return -1;
    }
    packing = malloc(sizeof *packing + txn->op_count * sizeof packing->ops[0]);
    if (packing == NULL)
        return -1;
    for (size_t i = 0; i < txn->op_count; i++) {
        pack_op(&packing->ops[i], &txn->ops[i]);
        packing->ops_at[i] = &packing->ops[i].operation;
    }
    pack_guards(packing, &request, txn);
    if (txn->op_count <= DIRECT_MOST) {
        request.n_success = txn->op_count;
        request.success = packing->ops_at;
    } else {
        pack_inners(packing, &request, txn->op_count);
    }
    if (txn->look != NULL)
        pack_look(packing, &request, txn->look);
    result = pack(out, &request.base);
    free(packing);
    return result;
}

/* other requests */

int etcd_wire_range(struct buffer *out, const struct etcd_range *range)
{
    Etcd__RangeRequest request = range_request(range);

    return pack(out, &request.base);
}

int etcd_wire_compact(struct buffer *out, int64_t revision)
{
    Etcd__CompactRequest request = ETCD__COMPACT_REQUEST__INIT;

    request.revision = revision;
    return pack(out, &request.base);
}

int etcd_wire_status(struct buffer *out)
{
    Etcd__StatusRequest request = ETCD__STATUS_REQUEST__INIT;

    return pack(out, &request.base);
}

int etcd_wire_authenticate(struct buffer *out, const char *name, const char *password)
{
    Etcd__AuthenticateRequest request = ETCD__AUTHENTICATE_REQUEST__INIT;

    request.name = (char *)name;
    request.password = (char *)password;
    return pack(out, &request.base);
}

/* answers */

/* Returns NULL with errno EPROTO. */
static void *unpack(const struct buffer *in, const ProtobufCMessageDescriptor *descriptor)
{
    /* An empty message has no bytes, and its buffer no memory. */
    const char *data = in->len > 0 ? in->data : "";
    void *message = protobuf_c_message_unpack(descriptor, NULL, in->len, (const uint8_t *)data);

    if (message == NULL)
        errno = EPROTO;
    return message;
}

static void release(void *message)
{
    int saved = errno;

    protobuf_c_message_free_unpacked(message, NULL);
    errno = saved;
}

static void read_header(struct etcd_answer *answer, const Etcd__Header *header)
{
    *answer = (struct etcd_answer){0};
    if (header == NULL)
        return;
    answer->cluster_id = header->cluster_id;
    answer->member_id = header->member_id;
    answer->revision = header->revision;
}

static int tell_rows(const Etcd__RangeResponse *response, etcd_row_fn *on_row, void *context)
{
    for (size_t i = 0; on_row != NULL && i < response->n_kvs; i++) {
        const Etcd__KeyValue *pair = response->kvs[i];
        const struct etcd_row row = {
            .key = bytes_of(pair->key),
            .value = bytes_of(pair->value),
            .revision = pair->mod_revision,
        };

        if (on_row(context, &row) != 0)
            return -1;
    }
    return 0;
}

int etcd_wire_read_range(const struct buffer *in, struct etcd_answer *answer, etcd_row_fn *on_row,
                         void *context)
{
    Etcd__RangeResponse *response = unpack(in, &etcd__range_response__descriptor);
    int result;

    if (response == NULL)
        return -1;
    read_header(answer, response->header);
    answer->more = response->more;
    result = tell_rows(response, on_row, context);
    release(response);
    return result;
}

int etcd_wire_read_txn(const struct buffer *in, struct etcd_answer *answer, etcd_row_fn *on_row,
                       void *context)
{
    Etcd__TxnResponse *response = unpack(in, &etcd__txn_response__descriptor);
    int result = 0;

    if (response == NULL)
        return -1;
    read_header(answer, response->header);
    answer->succeeded = response->succeeded;
    for (size_t i = 0; result == 0 && i < response->n_responses; i++) {
        const Etcd__Answer *part = response->responses[i];

        if (part->what_case == ETCD__ANSWER__WHAT_RANGE)
            result = tell_rows(part->range, on_row, context);
    }
    release(response);
    return result;
}

/* An alarm ends with a blank. */
static void add_errors(struct etcd_status *status, const Etcd__StatusResponse *response)
{
    char text[sizeof status->errors] = "";
    size_t used = 0;

    for (size_t i = 0; i < response->n_errors && used < sizeof text; i++) {
        int len = (int)strlen(response->errors[i]);

        while (len > 0 && response->errors[i][len - 1] == ' ')
            len--;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", i > 0 ? "; " : "", len,
                                 response->errors[i]);
    }
    text_clean(status->errors, sizeof status->errors, text, strlen(text));
}

int etcd_wire_read_status(const struct buffer *in, struct etcd_status *status)
{
    Etcd__StatusResponse *response = unpack(in, &etcd__status_response__descriptor);

    if (response == NULL)
        return -1;
    *status = (struct etcd_status){
        .leader_id = response->leader,
        .bytes = response->db_size,
        .bytes_in_use = response->db_size_in_use,
        .quota_bytes = response->db_size_quota,
    };
    if (response->header != NULL) {
        status->cluster_id = response->header->cluster_id;
        status->member_id = response->header->member_id;
    }
    text_clean(status->version, sizeof status->version, response->version,
               strlen(response->version));
    add_errors(status, response);
    release(response);
    return 0;
}

int etcd_wire_read_token(const struct buffer *in, struct buffer *token)
{
    Etcd__AuthenticateResponse *response = unpack(in, &etcd__authenticate_response__descriptor);
    int result = 0;

    if (response == NULL)
        return -1;
    buffer_drop(token, token->len);
    buffer_add_text(token, response->token);
    if (token->failed) {
        errno = ENOMEM;
        result = -1;
    }
    release(response);
    return result;
}
