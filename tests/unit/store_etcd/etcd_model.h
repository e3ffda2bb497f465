/* A model of etcd, at the bytes of its messages: guarded transactions with its limits, ranges at
 * revisions, compaction.  One member, which is always there: networks are others' to model. */
#ifndef FARMLOCK_TEST_ETCD_MODEL_H
#define FARMLOCK_TEST_ETCD_MODEL_H

#include "etcd_keys.h"
#include "store/etcd/caller.h"

struct etcd_model {
    struct etcd_keys keys;
    uint64_t cluster_id;
    const char *unguarded; /* a mutant: guards of keys that end so always hold; NULL: none */
    bool is_full;          /* puts are refused */
    int64_t behind;        /* reads of now are so many revisions old */
    int64_t behind_alone;  /* what a member has by itself is as much older than that */

    /* Called for each change as it is made, and behind all of a transaction's; may be NULL. */
    void (*on_change)(void *context, struct etcd_bytes key, const struct etcd_value *old,
                      const struct etcd_bytes *value);
    void (*on_txn)(void *context);
    void *context;
};

/* For cmocka. */
void etcd_model_init(struct etcd_model *model);
void etcd_model_fini(struct etcd_model *model);

/* Does what the request says, and answers; ETCD_ANSWERED or ETCD_REFUSED. */
enum etcd_outcome etcd_model_call(struct etcd_model *model, enum etcd_method method,
                                  const struct buffer *request, struct buffer *response,
                                  struct etcd_error *error);

#endif
