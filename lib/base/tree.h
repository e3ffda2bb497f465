/* An ordered set of nodes that live inside the caller's structs, with the rank of each.
 *
 * A weight-balanced tree: the subtree counts that balance it also answer "how many stand before
 * me?".  Every step is O(log n) in the worst case, nothing is allocated, and there is nothing to
 * hash that an adversary could collide.  After S. Adams, "Efficient sets: a balancing act",
 * J. Functional Programming 3(4), 1993, with the parameters (3, 2) that Y. Hirai and K. Yamamoto
 * prove right in "Balancing weight-balanced trees", JFP 21(3), 2011.
 */
#ifndef FARMLOCK_BASE_TREE_H
#define FARMLOCK_BASE_TREE_H

#include <stddef.h>

struct tree_node {
    struct tree_node *left, *right;
    size_t count; /* of nodes in this subtree */
};

/* Below 0, 0 or above 0 as `a` sorts before, with or behind `b`. */
typedef int tree_compare(const struct tree_node *a, const struct tree_node *b);

struct tree {
    struct tree_node *root; /* NULL when empty: initialise with {NULL, compare} */
    tree_compare *compare;
};

/* The struct of type `type` whose member `member` is the node. */
#define tree_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Adds a node whose key is not in the tree yet. */
void tree_insert(struct tree *tree, struct tree_node *node);

/* Takes out a node that is in the tree. */
void tree_remove(struct tree *tree, struct tree_node *node);

/* The node with the probe's key, or NULL.  The probe need not be in any tree. */
struct tree_node *tree_find(const struct tree *tree, const struct tree_node *probe);

/* The first node that does not sort before the probe, or NULL. */
struct tree_node *tree_at_least(const struct tree *tree, const struct tree_node *probe);

/* The first node, and the one behind a node of the tree; NULL when there is none. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree *tree, const struct tree_node *node);

/* Lists up to `most` nodes behind one, or from the first where that is NULL, in order.  Returns how
 * many; O(log n) and one step a node, without a comparison for most. */
size_t tree_list(const struct tree *tree, const struct tree_node *after, struct tree_node **out,
                 size_t most);

/* Puts a node behind all others, where many come in order: O(1), and nothing is compared.  The
 * first comes into an empty tree, with `*last` NULL.  Until tree_settle() the tree can be asked for
 * its first node and its count, and nothing else. */
void tree_append(struct tree *tree, struct tree_node **last, struct tree_node *node);
void tree_settle(struct tree *tree, struct tree_node **last);

/* How many nodes sort before the probe. */
size_t tree_rank(const struct tree *tree, const struct tree_node *probe);

static inline size_t tree_count(const struct tree *tree)
{
    return tree->root != NULL ? tree->root->count : 0;
}

#endif
