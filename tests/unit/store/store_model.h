/* What a store must do, in memory: the durable state that batches lead to, and lock tables as text
 * to compare. */
#ifndef FARMLOCK_STORE_MODEL_H
#define FARMLOCK_STORE_MODEL_H

#include "store/batch.h"

/* All zero is an empty state. */
struct store_model {
    struct store_op **puts; /* the live requests, in no order */
    size_t count, size;
    uint64_t next_ticket, next_token;
    size_t history; /* entries */
};

void store_model_fini(struct store_model *model);

/* Does what a batch says, and frees it. */
void store_model_apply(struct store_model *model, struct store_batch *batch);

/* A table as the state has it; its events go to `on_event`. */
struct lock_table *store_model_restore(const struct store_model *model, lock_event_fn *on_event,
                                       void *context);

/* Writes everything about the table that is to survive, for people and for strcmp(3). */
enum { STORE_MODEL_TEXT = 256 * 1024 };
void store_model_describe(const struct lock_table *table, char text[STORE_MODEL_TEXT]);

#endif
