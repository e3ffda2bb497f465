/* Weight-balanced trees of embedded nodes.
 * Must not allocate: an insertion cannot fail. */
#include "tree.h"

#include <assert.h>

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

size_t tree_count(const struct tree *tree)
{
    return count_of(tree->root);
}
