/* The ordered tree, held against a sorted array.
 * Must not depend on how the tree is balanced, only on that it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/tree.h"

enum { SPACE = 300, STEPS = 20000 };

struct item {
    int key;
    struct tree_node node;
};

static int item_compare(const struct tree_node *a, const struct tree_node *b)
{
    int left = tree_entry(a, struct item, node)->key;
    int right = tree_entry(b, struct item, node)->key;

    return (left > right) - (left < right);
}

static struct item *item_of(struct tree_node *node)
{
    return node != NULL ? tree_entry(node, struct item, node) : NULL;
}

static size_t checked_count(const struct tree_node *node)
{
    size_t left, right;

    if (node == NULL)
        return 0;
    left = checked_count(node->left);
    right = checked_count(node->right);
    /* The weights of Hirai and Yamamoto: never above three to one. */
    assert_true(left + 1 <= 3 * (right + 1));
    assert_true(right + 1 <= 3 * (left + 1));
    assert_int_equal(node->count, left + right + 1);
    return node->count;
}

/* The tree must hold the items whose key is marked, in order, and answer for every key. */
static void compare_with_marks(const struct tree *tree, struct item *items, const bool *marked)
{
    struct tree_node *walk = tree_first(tree);
    size_t rank = 0;

    for (int key = 0; key < SPACE; key++) {
        struct item probe = {.key = key};

        assert_int_equal(tree_rank(tree, &probe.node), rank);
        assert_ptr_equal(tree_at_least(tree, &probe.node), walk);
        if (!marked[key]) {
            assert_null(tree_find(tree, &probe.node));
            continue;
        }
        assert_ptr_equal(item_of(walk), &items[key]);
        assert_ptr_equal(tree_find(tree, &probe.node), walk);
        walk = tree_next(tree, walk);
        rank++;
    }
    assert_null(walk);
    assert_int_equal(tree_count(tree), rank);
    assert_int_equal(checked_count(tree->root), rank);
}

static void an_empty_tree_has_nothing(void **state)
{
    struct tree tree = {NULL, item_compare};
    struct item probe = {.key = 1};

    (void)state;
    assert_null(tree_first(&tree));
    assert_null(tree_find(&tree, &probe.node));
    assert_null(tree_at_least(&tree, &probe.node));
    assert_int_equal(tree_rank(&tree, &probe.node), 0);
    assert_int_equal(tree_count(&tree), 0);
}

static void random_changes_match_a_sorted_array(void **state)
{
    struct tree tree = {NULL, item_compare};
    static struct item items[SPACE];
    bool marked[SPACE] = {false};
    uint32_t random = 1;

    (void)state;
    for (int key = 0; key < SPACE; key++)
        items[key].key = key;
    for (int step = 0; step < STEPS; step++) {
        int key;

        random = random * 1664525 + 1013904223;
        key = (int)((random >> 8) % SPACE);
        if (marked[key])
            tree_remove(&tree, &items[key].node);
        else
            tree_insert(&tree, &items[key].node);
        marked[key] = !marked[key];
        if (step % 16 == 0 || step < 500)
            compare_with_marks(&tree, items, marked);
    }
}

/* Sorted input is what tickets are; taking from the front is what serving them is. */
static void sorted_input_stays_balanced(void **state)
{
    struct tree tree = {NULL, item_compare};
    static struct item items[SPACE];
    bool marked[SPACE] = {false};

    (void)state;
    for (int key = 0; key < SPACE; key++) {
        items[key].key = key;
        tree_insert(&tree, &items[key].node);
        marked[key] = true;
        compare_with_marks(&tree, items, marked);
    }
    for (int key = 0; key < SPACE; key++) {
        tree_remove(&tree, &items[key].node);
        marked[key] = false;
        compare_with_marks(&tree, items, marked);
    }
    assert_null(tree.root);
}

static void falling_input_stays_balanced(void **state)
{
    struct tree tree = {NULL, item_compare};
    static struct item items[SPACE];

    (void)state;
    for (int key = SPACE - 1; key >= 0; key--) {
        items[key].key = key;
        tree_insert(&tree, &items[key].node);
        assert_int_equal(checked_count(tree.root), SPACE - key);
    }
    for (int key = SPACE - 1; key >= 0; key--) {
        tree_remove(&tree, &items[key].node);
        assert_int_equal(checked_count(tree.root), key);
    }
}

static void a_removed_node_can_be_inserted_again(void **state)
{
    struct tree tree = {NULL, item_compare};
    struct item item = {.key = 4}, other = {.key = 5};

    (void)state;
    tree_insert(&tree, &item.node);
    tree_insert(&tree, &other.node);
    tree_remove(&tree, &item.node);
    item.key = 6;
    tree_insert(&tree, &item.node);
    assert_ptr_equal(item_of(tree_first(&tree)), &other);
    assert_ptr_equal(item_of(tree_next(&tree, &other.node)), &item);
    assert_null(tree_next(&tree, &item.node));
}

static void a_list_has_the_nodes_behind_one(void **state)
{
    static struct item items[SPACE];
    struct tree tree = {NULL, item_compare};
    struct tree_node *all[SPACE], *some[7];

    (void)state;
    for (int key = 0; key < SPACE; key++) {
        items[key].key = key;
        tree_insert(&tree, &items[key].node);
    }
    for (int key = 0; key < SPACE; key++) {
        size_t count = tree_list(&tree, &items[key].node, some, 7);

        assert_int_equal(count, SPACE - 1 - key < 7 ? SPACE - 1 - key : 7);
        for (size_t i = 0; i < count; i++)
            assert_ptr_equal(some[i], &items[key + 1 + (int)i].node);
    }
    assert_int_equal(tree_list(&tree, NULL, all, SPACE), SPACE);
    assert_int_equal(tree_list(&tree, NULL, all, 0), 0);
}

static void what_is_put_behind_all_others_makes_the_same_tree(void **state)
{
    static struct item items[SPACE];
    struct tree_node *all[SPACE];

    (void)state;
    for (int count = 0; count <= SPACE; count++) {
        struct tree tree = {NULL, item_compare};
        struct tree_node *last = NULL;

        for (int key = 0; key < count; key++) {
            items[key].key = key;
            tree_append(&tree, &last, &items[key].node);
            assert_ptr_equal(tree_first(&tree), &items[0].node);
            assert_int_equal(tree_count(&tree), key + 1);
        }
        tree_settle(&tree, &last);
        assert_null(last);
        assert_int_equal(checked_count(tree.root), count);
        assert_int_equal(tree_list(&tree, NULL, all, SPACE), count);
        for (int key = 0; key < count; key++)
            assert_ptr_equal(all[key], &items[key].node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tree_has_nothing),
        cmocka_unit_test(random_changes_match_a_sorted_array),
        cmocka_unit_test(sorted_input_stays_balanced),
        cmocka_unit_test(falling_input_stays_balanced),
        cmocka_unit_test(a_removed_node_can_be_inserted_again),
        cmocka_unit_test(a_list_has_the_nodes_behind_one),
        cmocka_unit_test(what_is_put_behind_all_others_makes_the_same_tree),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
