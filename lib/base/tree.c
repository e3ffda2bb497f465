/* Weight-balanced trees of embedded nodes.
 * Must not allocate: an insertion cannot fail. */
#include "tree.h"

#include <assert.h>
#include <stdbool.h>

enum { DELTA = 3, GAMMA = 2 };

static size_t count_of(const struct tree_node *node)
{
    return node != NULL ? node->count : 0;
}

static size_t weight_of(const struct tree_node *node)
{
    return count_of(node) + 1;
}

static struct tree_node *with_children(struct tree_node *node, struct tree_node *left,
                                       struct tree_node *right)
{
    node->left = left;
    node->right = right;
    node->count = count_of(left) + count_of(right) + 1;
    return node;
}

static struct tree_node *rotate_left(struct tree_node *node)
{
    struct tree_node *right = node->right;
    struct tree_node *inner = right->left;

    if (inner == NULL || weight_of(inner) < GAMMA * weight_of(right->right))
        return with_children(right, with_children(node, node->left, inner), right->right);
    return with_children(inner, with_children(node, node->left, inner->left),
                         with_children(right, inner->right, right->right));
}

static struct tree_node *rotate_right(struct tree_node *node)
{
    struct tree_node *left = node->left;
    struct tree_node *inner = left->right;

    if (inner == NULL || weight_of(inner) < GAMMA * weight_of(left->left))
        return with_children(left, left->left, with_children(node, inner, node->right));
    return with_children(inner, with_children(left, left->left, inner->left),
                         with_children(node, inner->right, node->right));
}

/* Restores count and balance of a node one of whose subtrees has changed by one node. */
static struct tree_node *rebalance(struct tree_node *node)
{
    if (weight_of(node->right) > DELTA * weight_of(node->left))
        return rotate_left(node);
    if (weight_of(node->left) > DELTA * weight_of(node->right))
        return rotate_right(node);
    return with_children(node, node->left, node->right);
}

static struct tree_node *insert_below(struct tree_node *root, struct tree_node *node,
                                      tree_compare *compare)
{
    int order;

    if (root == NULL)
        return with_children(node, NULL, NULL);
    order = compare(node, root);
    assert(order != 0);
    if (order < 0)
        root->left = insert_below(root->left, node, compare);
    else
        root->right = insert_below(root->right, node, compare);
    return rebalance(root);
}

void tree_insert(struct tree *tree, struct tree_node *node)
{
    tree->root = insert_below(tree->root, node, tree->compare);
}

/* Cuts the first node out of a subtree that is not empty. */
static struct tree_node *remove_first(struct tree_node *root, struct tree_node **first)
{
    if (root->left == NULL) {
        *first = root;
        return root->right;
    }
    root->left = remove_first(root->left, first);
    return rebalance(root);
}

static struct tree_node *remove_below(struct tree_node *root, struct tree_node *node,
                                      tree_compare *compare)
{
    if (root == node) {
        struct tree_node *heir;

        if (root->left == NULL)
            return root->right;
        if (root->right == NULL)
            return root->left;
        node = remove_first(root->right, &heir);
        return rebalance(with_children(heir, root->left, node));
    }
    assert(root != NULL);
    if (compare(node, root) < 0)
        root->left = remove_below(root->left, node, compare);
    else
        root->right = remove_below(root->right, node, compare);
    return rebalance(root);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    tree->root = remove_below(tree->root, node, tree->compare);
}

struct tree_node *tree_at_least(const struct tree *tree, const struct tree_node *probe)
{
    struct tree_node *found = NULL;

    for (struct tree_node *node = tree->root; node != NULL;) {
        if (tree->compare(node, probe) >= 0) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

struct tree_node *tree_find(const struct tree *tree, const struct tree_node *probe)
{
    struct tree_node *node = tree->root;

    while (node != NULL) {
        int order = tree->compare(probe, node);

        if (order == 0)
            return node;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

struct tree_node *tree_first(const struct tree *tree)
{
    struct tree_node *node = tree->root;

    while (node != NULL && node->left != NULL)
        node = node->left;
    return node;
}

struct tree_node *tree_last(const struct tree *tree)
{
    struct tree_node *node = tree->root;

    while (node != NULL && node->right != NULL)
        node = node->right;
    return node;
}

struct tree_node *tree_next(const struct tree *tree, const struct tree_node *after)
{
    struct tree_node *found = NULL;

    for (struct tree_node *node = tree->root; node != NULL;) {
        if (tree->compare(node, after) > 0) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

struct listing {
    const struct tree *tree;
    const struct tree_node *after; /* NULL once all that follows is behind it */
    struct tree_node **out;
    size_t count, most;
};

/* No deeper than the tree. */
static void list_below(struct listing *listing, struct tree_node *node)
{
    bool is_behind;

    if (node == NULL || listing->count == listing->most)
        return;
    is_behind = listing->after == NULL || listing->tree->compare(node, listing->after) > 0;
    if (is_behind)
        list_below(listing, node->left);
    if (listing->count == listing->most)
        return;
    if (is_behind) {
        listing->after = NULL;
        listing->out[listing->count++] = node;
    }
    list_below(listing, node->right);
}

size_t tree_list(const struct tree *tree, const struct tree_node *after, struct tree_node **out,
                 size_t most)
{
    struct listing listing = {.tree = tree, .after = after, .out = out, .most = most};

    list_below(&listing, tree->root);
    return listing.count;
}

/* Nodes to come hang on the right of each other; the first one knows how many there are. */
void tree_append(struct tree *tree, struct tree_node **last, struct tree_node *node)
{
    with_children(node, NULL, NULL);
    if (*last == NULL) {
        tree->root = node;
    } else {
        (*last)->right = node;
        tree->root->count++;
    }
    *last = node;
}

static struct tree_node *settle_below(struct tree_node **next, size_t count)
{
    struct tree_node *left, *node;

    if (count == 0)
        return NULL;
    left = settle_below(next, count / 2);
    node = *next;
    *next = node->right;
    return with_children(node, left, settle_below(next, count - count / 2 - 1));
}

void tree_settle(struct tree *tree, struct tree_node **last)
{
    struct tree_node *next = tree->root;

    if (*last != NULL)
        tree->root = settle_below(&next, tree->root->count);
    *last = NULL;
}

size_t tree_rank(const struct tree *tree, const struct tree_node *probe)
{
    size_t rank = 0;

    for (const struct tree_node *node = tree->root; node != NULL;) {
        if (tree->compare(node, probe) < 0) {
            rank += count_of(node->left) + 1;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return rank;
}
