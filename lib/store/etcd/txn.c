/* What is to change in etcd together: a tree of operations by key.
 * Must not know what keys and values mean, and not talk to anybody. */
#include "txn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/tree.h"

enum { OP_BYTES = 24 }; /* what an operation takes besides its key and value, at most */

struct item {
    struct tree_node node;
    enum etcd_op_kind kind;
    size_t key_len, value_len;
    char bytes[]; /* the key, and the value behind it */
};

struct etcd_txn {
    struct tree items;
    size_t bytes; /* of all items */
    struct buffer history;
    bool failed;
    size_t prefix_len;
    char prefix[];
};

static const struct item *item_of(const struct tree_node *node)
{
    return tree_entry(node, const struct item, node);
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct item *left = item_of(a), *right = item_of(b);
    size_t len = left->key_len < right->key_len ? left->key_len : right->key_len;
    int order = memcmp(left->bytes, right->bytes, len);

    return order != 0 ? order : (left->key_len > right->key_len) - (left->key_len < right->key_len);
}

struct etcd_txn *etcd_txn_create(const char *prefix)
{
    size_t len = strlen(prefix);
    struct etcd_txn *txn = calloc(1, sizeof *txn + len + 1);

    if (txn == NULL)
        return NULL;
    txn->items.compare = compare;
    txn->prefix_len = len;
    memcpy(txn->prefix, prefix, len + 1);
    return txn;
}

static size_t bytes_of(const struct item *item)
{
    return OP_BYTES + item->key_len + item->value_len;
}

/* Takes the item, instead of one of the same key. */
static void keep(struct etcd_txn *txn, struct item *item)
{
    struct tree_node *old = tree_find(&txn->items, &item->node);

    if (old != NULL) {
        txn->bytes -= bytes_of(item_of(old));
        tree_remove(&txn->items, old);
        free(tree_entry(old, struct item, node));
    }
    txn->bytes += bytes_of(item);
    tree_insert(&txn->items, &item->node);
}

static void say(struct etcd_txn *txn, enum etcd_op_kind kind, const char *name, const void *value,
                size_t len)
{
    size_t name_len = strlen(name);
    struct item *item = malloc(sizeof *item + txn->prefix_len + name_len + len);

    if (item == NULL) {
        txn->failed = true;
        return;
    }
    item->kind = kind;
    item->key_len = txn->prefix_len + name_len;
    item->value_len = len;
    memcpy(item->bytes, txn->prefix, txn->prefix_len);
    memcpy(item->bytes + txn->prefix_len, name, item->key_len - txn->prefix_len);
    if (len > 0)
        memcpy(item->bytes + item->key_len, value, len);
    keep(txn, item);
}

void etcd_txn_put(struct etcd_txn *txn, const char *name, const void *value, size_t len)
{
    say(txn, ETCD_PUT, name, value, len);
}

void etcd_txn_remove(struct etcd_txn *txn, const char *name)
{
    say(txn, ETCD_REMOVE, name, NULL, 0);
}

void etcd_txn_add_history(struct etcd_txn *txn, const void *bytes, size_t len)
{
    buffer_add(&txn->history, bytes, len);
}

size_t etcd_txn_count(const struct etcd_txn *txn)
{
    return tree_count(&txn->items);
}

size_t etcd_txn_bytes(const struct etcd_txn *txn)
{
    return txn->bytes + txn->history.len;
}

bool etcd_txn_ran_out_of_memory(const struct etcd_txn *txn)
{
    return txn->failed || txn->history.failed;
}

bool etcd_txn_fits(const struct etcd_txn *txn)
{
    return !etcd_txn_ran_out_of_memory(txn) && etcd_txn_count(txn) <= ETCD_TXN_OPS_MOST &&
           etcd_txn_bytes(txn) <= ETCD_TXN_BYTES_MOST;
}

/* Keys that both name are counted twice: what would fit by a little waits for the next. */
static bool is_room_for(struct etcd_txn *into, const struct etcd_txn *from)
{
    size_t len = from->history.len;

    if (!etcd_txn_fits(into) || !etcd_txn_fits(from) ||
        etcd_txn_count(into) + etcd_txn_count(from) > ETCD_TXN_OPS_MOST ||
        etcd_txn_bytes(into) + etcd_txn_bytes(from) > ETCD_TXN_BYTES_MOST)
        return false;
    /* The one step that can fail comes first. */
    return len == 0 || buffer_grow(&into->history, len);
}

bool etcd_txn_join(struct etcd_txn *into, struct etcd_txn *from)
{
    struct tree_node *node;

    if (!is_room_for(into, from))
        return false;
    while ((node = tree_first(&from->items)) != NULL) {
        tree_remove(&from->items, node);
        keep(into, tree_entry(node, struct item, node));
    }
    buffer_add(&into->history, from->history.data, from->history.len);
    from->bytes = 0;
    etcd_txn_clear(from);
    return true;
}

void etcd_txn_clear(struct etcd_txn *txn)
{
    struct tree_node *node;

    while ((node = tree_first(&txn->items)) != NULL) {
        tree_remove(&txn->items, node);
        free(tree_entry(node, struct item, node));
    }
    buffer_fini(&txn->history);
    txn->bytes = 0;
    txn->failed = false;
}

void etcd_txn_destroy(struct etcd_txn *txn)
{
    int saved = errno;

    if (txn != NULL)
        etcd_txn_clear(txn);
    free(txn);
    errno = saved;
}

void etcd_txn_list(const struct etcd_txn *txn, struct etcd_op *ops)
{
    const struct tree_node *node = tree_first(&txn->items);

    for (; node != NULL; node = tree_next(&txn->items, node)) {
        const struct item *item = item_of(node);

        *ops++ = (struct etcd_op){
            .kind = item->kind,
            .key = {item->bytes, item->key_len},
            .value = {item->bytes + item->key_len, item->value_len},
        };
    }
}

struct etcd_bytes etcd_txn_history(const struct etcd_txn *txn)
{
    return (struct etcd_bytes){txn->history.data, txn->history.len};
}
