/* Of a world: what is true, and whether what is told is.
 * Must not be told anything by the members but what their tables are. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "etcd_world.h"

void world_fault(struct etcd_world *world, const char *format, ...)
{
    va_list list;

    if (world->faults++ > 0)
        return;
    va_start(list, format);
    vsnprintf(world->fault, sizeof world->fault, format, list);
    va_end(list);
}

uint64_t world_hash(const void *data, size_t len)
{
    const unsigned char *bytes = data;
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

uint64_t world_row_hash(int slot, uint64_t token)
{
    uint64_t pair[2] = {(uint64_t)slot, token};

    return token != 0 ? world_hash(pair, sizeof pair) : 0;
}

uint64_t world_state_hash(uint64_t rows_hash, uint64_t next_token)
{
    return rows_hash ^ world_hash(&next_token, sizeof next_token);
}

/* Makes room for an item of that number, all zero. */
static void *room_for(void *items, size_t *room, size_t number, size_t size)
{
    size_t more = *room;

    if (number < *room)
        return items;
    while (more <= number)
        more = more > 0 ? 2 * more : 1024;
    items = realloc(items, more * size);
    assert(items != NULL);
    memset((char *)items + *room * size, 0, (more - *room) * size);
    *room = more;
    return items;
}

struct world_term *world_term(struct etcd_world *world, uint64_t term)
{
    world->terms = room_for(world->terms, &world->term_room, term, sizeof *world->terms);
    return &world->terms[term];
}

struct world_token *world_token(struct etcd_world *world, uint64_t token)
{
    world->tokens = room_for(world->tokens, &world->token_room, token, sizeof *world->tokens);
    return &world->tokens[token];
}

/* what etcd does */

static void note_row(struct etcd_world *world, const char *name, const struct etcd_value *old,
                     const struct etcd_bytes *value)
{
    int slot = (int)strtol(name, NULL, 16);

    world->rows_were_put = true;
    if (old != NULL)
        world->rows_hash ^= world_row_hash(slot, strtoull(old->data, NULL, 10));
    if (value != NULL) {
        char text[32] = "";
        uint64_t token;

        memcpy(text, value->data, value->len < sizeof text - 1 ? value->len : sizeof text - 1);
        token = strtoull(text, NULL, 10);
        world->rows_hash ^= world_row_hash(slot, token);
        world_token(world, token)->kept = world->state_count + 1;
    }
}

static void note_history(struct etcd_world *world, const char *name, const struct etcd_bytes *value)
{
    uint64_t number = strtoull(name, NULL, 16);

    if (value == NULL)
        return;
    if (number != world->history_count + 1)
        world_fault(world, "history %llu comes behind %zu", (unsigned long long)number,
                    world->history_count);
    world->history = room_for(world->history, &world->history_room, number, sizeof *world->history);
    world->history[number] = world_hash(value->data, value->len);
    world->history_count = number;
}

static void note_change(void *context, struct etcd_bytes key, const struct etcd_value *old,
                        const struct etcd_bytes *value)
{
    struct etcd_world *world = context;
    size_t prefix_len = strlen(WORLD_PREFIX);
    char name[64] = "";

    assert(key.len > prefix_len && key.len - prefix_len < sizeof name);
    assert(memcmp(key.data, WORLD_PREFIX, prefix_len) == 0);
    memcpy(name, (const char *)key.data + prefix_len, key.len - prefix_len);
    if (strcmp(name, "0/seq") == 0) {
        int result = etcd_seq_read(*value, &world->seq);

        assert(result == 0);
        world->seq_was_put = true;
    } else if (strncmp(name, "r/", 2) == 0) {
        note_row(world, name + 2, old, value);
    } else if (strncmp(name, "h/", 2) == 0) {
        note_history(world, name + 2, value);
    }
}

/* The history of `seq` is one chain. */
static void check_chain(struct etcd_world *world)
{
    const struct etcd_seq *now = &world->seq, *before = &world->seq_before;
    bool follows = now->term == before->term && now->n > before->n;
    bool begins = now->term == before->term + 1 && now->n == 0;

    if (!follows && !begins)
        world_fault(world, "seq %llu.%llu behind %llu.%llu", (unsigned long long)now->term,
                    (unsigned long long)now->n, (unsigned long long)before->term,
                    (unsigned long long)before->n);
    if (now->next_token < before->next_token || now->next_ticket < before->next_ticket ||
        now->now_ms < before->now_ms || now->history < before->history)
        world_fault(world, "a counter goes back in %llu.%llu", (unsigned long long)now->term,
                    (unsigned long long)now->n);
}

/* What is kept is what its leader had, before or behind what it commits. */
static void check_rows(struct etcd_world *world)
{
    struct world_term *term = world_term(world, world->seq.term);

    if (world->seq.n == 0) {
        world->counts.terms++;
        *term = (struct world_term){.confirmed = world->rows_hash};
    } else if (world->rows_hash != term->confirmed &&
               !(term->has_pending && world->rows_hash == term->pending)) {
        world_fault(world, "what %llu.%llu left is not what its leader had",
                    (unsigned long long)world->seq.term, (unsigned long long)world->seq.n);
    }
}

static void note_txn(void *context)
{
    struct etcd_world *world = context;
    uint64_t state = world_state_hash(world->rows_hash, world->seq.next_token);

    world->counts.txns++;
    if (world->seq_was_put) {
        check_chain(world);
        check_rows(world);
    } else if (world->rows_were_put) {
        world_fault(world, "rows were changed without seq");
    }
    if (world->rows_were_put || state != world->states[world->state_count % WORLD_STATES])
        world->states[++world->state_count % WORLD_STATES] = state;
    world->seq_before = world->seq;
    world->seq_was_put = world->rows_were_put = false;
}

void world_check_begin(struct etcd_world *world)
{
    world->etcd.on_change = note_change;
    world->etcd.on_txn = note_txn;
    world->etcd.context = world;
}

void world_check_fini(struct etcd_world *world)
{
    free(world->terms);
    free(world->tokens);
    free(world->history);
}

/* what clients are told */

static void check_grant(struct etcd_world *world, const struct world_told *told)
{
    struct world_token *token = world_token(world, told->token);
    uint64_t *holder = &world->holders[told->slot];

    world->counts.told_grants++;
    if (token->is_told)
        world_fault(world, "token %llu was told twice", (unsigned long long)told->token);
    if (token->kept == 0 && !token->has_ended)
        world_fault(world, "token %llu was told, and is not kept", (unsigned long long)told->token);
    token->is_told = true;
    if (world->told_state < token->kept)
        world->told_state = token->kept;
    if (token->has_ended)
        return; /* it was broken before the client heard of it */
    if (*holder != 0 && !world_token(world, *holder)->has_ended)
        world_fault(world, "slot %d has two holders, %llu and %llu", told->slot,
                    (unsigned long long)*holder, (unsigned long long)told->token);
    if (told->token < *holder)
        world_fault(world, "slot %d has token %llu behind %llu", told->slot,
                    (unsigned long long)told->token, (unsigned long long)*holder);
    *holder = told->token;
}

/* What it saw was true at some time since it was asked. */
static void check_read(struct etcd_world *world, const struct world_told *told)
{
    int64_t first = world->state_count - WORLD_STATES + 1;

    world->counts.told_reads++;
    if (first < told->since)
        first = told->since;
    for (int64_t i = world->state_count; i >= first; i--) {
        if (world->states[i % WORLD_STATES] != told->state)
            continue;
        if (world->told_state < i)
            world->told_state = i;
        return;
    }
    world_fault(world, "a read saw what was over when it was asked");
}

void world_check_told(struct etcd_world *world, const struct world_told *told)
{
    if (told->is_grant)
        check_grant(world, told);
    else
        check_read(world, told);
}
