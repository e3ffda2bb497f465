/* What the table does to keep locks; keep.h has what it means. */
#ifndef FARMLOCK_LOCK_KEEPING_H
#define FARMLOCK_LOCK_KEEPING_H

#include "keep.h"
#include "types.h"

/* Apart from the request, as few are kept.  It goes with the request, or when its time is over. */
struct lock_keep {
    struct tree_node request_node; /* in table->keeps */
    struct tree_node end_node;     /* in table->keep_ends, where it is_timed */
    struct lock_request *request;
    int64_t keep_ms;
    int64_t until_ms; /* INT64_MIN while it waits, and where no time is to pass */
    bool until_boot, is_timed;
    uint32_t kept_count; /* seats that its owner is done with */
};

void lock_keep_init(struct lock_table *table);

/* NULL for what is not to be kept. */
struct lock_keep *lock_keep_of(const struct lock_table *table, const struct lock_request *request);

/* Whether an ask wants to be kept at all, as most do not. */
static inline bool lock_ask_keeps(const struct lock_ask *ask)
{
    return ask->keep_ms > 0 || ask->until_boot;
}

/* Makes room for what an ask may want to be kept.  Returns -1 with errno ENOMEM. */
int lock_keep_prepare(struct lock_table *table, struct lock_request *request,
                      const struct lock_ask *ask);

/* The request is to be kept as an ask has it that room was made for, and no shorter than before. */
void lock_keep_adopt(struct lock_table *table, struct lock_request *request,
                     const struct lock_ask *ask);

/* It was granted: its time runs. */
void lock_keep_begin(struct lock_table *table, struct lock_request *request);

/* A request is to be restored, which is tied to nothing yet: makes room, and marks what is kept of
 * it.  Returns -1 with errno ENOMEM.  And it is restored: its time runs on; returns as
 * lock_keep_mark(). */
int lock_keep_prepare_restored(struct lock_table *table, struct lock_request *request,
                               const struct lock_ask *ask);
bool lock_keep_restore(struct lock_table *table, struct lock_request *request,
                       const struct lock_record *record);

/* Whether a lock that is to be given back for a reason is held on instead. */
bool lock_keep_holds_on(const struct lock_table *table, const struct lock_seat *seat,
                        enum lock_reason reason, int64_t now_ms);

/* Its owner is done with a lock.  Returns that this was all that it had by the request, which
 * neither process nor job ends then: it is to leave their indexes. */
bool lock_keep_mark(struct lock_table *table, struct lock_seat *seat);

/* A seat of a request that is to be kept was given back, and is tied to its lock still, but counts
 * no more.  Returns the same. */
bool lock_keep_on_release(struct lock_table *table, const struct lock_seat *seat);

/* The request ends. */
void lock_keep_forget(struct lock_table *table, struct lock_request *request);
void lock_keep_forget_all(struct lock_table *table);

/* The first end of a time; INT64_MAX for none.  Whose it is; then there must be one. */
int64_t lock_keep_next_end(const struct lock_table *table);
struct lock_request *lock_keep_first(const struct lock_table *table);

/* What waited for the boot of its host, does no more.  Returns that nothing else is waited for. */
bool lock_keep_end_boot(struct lock_table *table, struct lock_request *request, int64_t now_ms);

#endif
