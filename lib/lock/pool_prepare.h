/* What a reload of the pools needs, made before anything changes; some of it early, a little at a
 * time, while requests come and go. */
#ifndef FARMLOCK_LOCK_POOL_PREPARE_H
#define FARMLOCK_LOCK_POOL_PREPARE_H

#include "pool_index.h"
#include "pool_move.h"
#include "pool_types.h"

struct pool_moves {
    struct pool_move *items;
    size_t count, room;
};

/* What is to be, made before anything changes. */
struct pool_reload {
    struct lock_table *table;
    const struct pools_config *config;
    struct pool **pools;
    struct pool_index index;
    uint64_t next_ticket;  /* who has a lower one is ready, as far as that can be done early */
    size_t next_pool;      /* those who hold seats of the pools before, too; */
    uint64_t next_token;   /* and of this one's, those with lower tokens */
    bool has_new_names;    /* that no pool had before */
    bool moves_locks;      /* single locks may have come free, or to an end */
    bool lets_others_in;   /* who stays where he is may have something of who moves */
    bool in_order;         /* who waits has tickets in the order in which it is served */
    size_t expected;       /* of `waiting`: their memory is there */
    struct pool **retired; /* behind the reload: they are to be freed */
    size_t retired_count;
    struct pool_moves held, waiting; /* the latter by ticket */
    struct tree promised_locks;      /* seats of moves, by lock and owner: each may be there once */
};

/* Makes the pools of a configuration.  Returns NULL with errno ENOMEM. */
struct pool_reload *pool_reload_create(struct lock_table *table, const struct pools_config *config);

/* Makes all the rest, for those who wait and those who hold now.  Returns -1 with errno ENOMEM. */
int pool_reload_prepare_all(struct pool_reload *reload);

/* Frees up to `most` of the standings that went with their pools, behind the reload.  Returns true
 * with the last, and the reload is freed. */
bool pool_reload_free_some(struct pool_reload *reload, size_t most);

/* Frees all of it; nothing was changed.  NULL is allowed. */
void pool_reload_cancel(struct pool_reload *reload);

#endif
