/* Who waits goes to his place at once where all come in order.
 * Must not know what the order is. */
#include "pool_row.h"

void pool_row_add(struct pool *pool, struct pool_row *row, struct tree *tree,
                  struct tree_node *node)
{
    if (!pool->is_filled) {
        tree_insert(tree, node);
        return;
    }
    if (row->last == NULL) {
        row->tree = tree;
        row->next = pool->rows;
        pool->rows = row;
    }
    tree_append(tree, &row->last, node);
}

void pool_rows_begin(struct pool *pool)
{
    pool->is_filled = true;
}

void pool_rows_end(struct pool *pool)
{
    for (; pool->rows != NULL; pool->rows = pool->rows->next)
        tree_settle(pool->rows->tree, &pool->rows->last);
    pool->is_filled = false;
}
