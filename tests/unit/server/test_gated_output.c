/* Output that waits for commits, driven without a server.
 * Must not look at how it counts, but through its own questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/gated_output.h"

static void say(struct gated_output *output, const char *text)
{
    buffer_add_text(&output->bytes, text);
}

static void say_unbound(struct gated_output *output, const char *text)
{
    uint32_t before = gated_output_len(output);

    say(output, text);
    gated_output_unbind(output, before);
}

/* `text` is what may be sent, and all of it. */
static void expect_sendable(const struct gated_output *output, const char *text)
{
    assert_int_equal(gated_output_sendable(output), strlen(text));
    if (*text != '\0')
        assert_memory_equal(output->bytes.data, text, strlen(text));
}

static void bytes_wait_for_their_commit(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "a");
    expect_sendable(&output, "");
    gated_output_end_pass(&output, 2, 1);
    assert_true(gated_output_is_held(&output));
    assert_false(gated_output_release(&output, 1));
    expect_sendable(&output, "");
    assert_true(gated_output_release(&output, 2));
    assert_false(gated_output_is_held(&output));
    expect_sendable(&output, "a");
    gated_output_fini(&output);
    assert_int_equal(gated_output_len(&output), 0);
}

static void what_is_safe_already_waits_for_nothing(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "a");
    gated_output_end_pass(&output, 1, 1);
    say(&output, "b");
    gated_output_end_pass(&output, 1, 5);
    assert_false(gated_output_is_held(&output));
    expect_sendable(&output, "ab");
    gated_output_fini(&output);
}

static void what_depends_on_no_change_waits_for_nothing_but_what_was_said_before(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say_unbound(&output, "a");
    say_unbound(&output, "b");
    gated_output_end_pass(&output, 1, 0);
    expect_sendable(&output, "ab");
    say(&output, "c");
    gated_output_end_pass(&output, 1, 0);
    say_unbound(&output, "d");
    gated_output_end_pass(&output, 1, 0);
    expect_sendable(&output, "ab");
    assert_true(gated_output_release(&output, 1));
    expect_sendable(&output, "abcd");
    gated_output_fini(&output);
}

static void an_unbound_byte_does_not_unbind_those_beside_it(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say_unbound(&output, "a");
    say(&output, "b");
    say_unbound(&output, "c");
    gated_output_end_pass(&output, 1, 0);
    expect_sendable(&output, "");
    gated_output_release(&output, 1);
    /* Nor is it counted for a later pass. */
    say(&output, "de");
    gated_output_end_pass(&output, 2, 1);
    expect_sendable(&output, "abc");
    gated_output_fini(&output);
}

static void what_waits_longest_is_not_added_to(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "a");
    gated_output_end_pass(&output, 1, 0);
    say(&output, "b");
    gated_output_end_pass(&output, 1, 0);
    say(&output, "c");
    gated_output_end_pass(&output, 2, 0);
    say(&output, "d");
    gated_output_end_pass(&output, 3, 0);
    gated_output_release(&output, 1);
    expect_sendable(&output, "ab");
    /* Two marks are kept: c waits with d. */
    assert_false(gated_output_release(&output, 2));
    assert_true(gated_output_is_held(&output));
    assert_true(gated_output_release(&output, 3));
    expect_sendable(&output, "abcd");
    gated_output_fini(&output);
}

static void one_release_may_let_go_of_everything(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "a");
    gated_output_end_pass(&output, 1, 0);
    say(&output, "b");
    gated_output_end_pass(&output, 2, 0);
    assert_true(gated_output_release(&output, 7));
    assert_false(gated_output_is_held(&output));
    expect_sendable(&output, "ab");
    gated_output_fini(&output);
}

static void what_was_sent_is_gone(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "abc");
    gated_output_end_pass(&output, 0, 0);
    say(&output, "d");
    gated_output_end_pass(&output, 1, 0);
    gated_output_sent(&output, 2);
    expect_sendable(&output, "c");
    gated_output_sent(&output, 1);
    assert_int_equal(gated_output_len(&output), 1);
    gated_output_release(&output, 1);
    expect_sendable(&output, "d");
    gated_output_fini(&output);
}

static void only_what_may_be_seen_is_left_when_the_rest_is_taken_back(void **state)
{
    struct gated_output output = {0};

    (void)state;
    say(&output, "a");
    gated_output_end_pass(&output, 0, 0);
    say(&output, "b");
    gated_output_end_pass(&output, 1, 0);
    say(&output, "c");
    gated_output_end_pass(&output, 2, 0);
    say_unbound(&output, "d");
    gated_output_take_back(&output);
    assert_false(gated_output_is_held(&output));
    say_unbound(&output, "!");
    gated_output_end_pass(&output, 2, 0);
    expect_sendable(&output, "a!");
    assert_int_equal(gated_output_len(&output), 2);
    gated_output_fini(&output);
}

enum { STEPS = 200000 };

/* Each byte with the mark it waits for, in order; what is sent is checked against them. */
struct model {
    uint64_t marks[STEPS];
    uint32_t len, passed, sent; /* all bytes; those of passes that have ended; those sent */
    uint64_t mark, committed;
};

static uint64_t newest_mark(const struct model *model, uint32_t end)
{
    uint64_t newest = 0;

    for (uint32_t i = model->sent; i < end; i++)
        newest = model->marks[i] > newest ? model->marks[i] : newest;
    return newest;
}

static void check(const struct model *model, const struct gated_output *output)
{
    uint32_t sendable = gated_output_sendable(output);

    assert_int_equal(gated_output_len(output), model->len - model->sent);
    assert_true(sendable <= model->passed - model->sent);
    assert_true(newest_mark(model, model->sent + sendable) <= model->committed);
    if (model->mark <= model->committed)
        assert_int_equal(sendable, model->passed - model->sent);
}

static void model_say(struct model *model, struct gated_output *output, bool unbound)
{
    if (unbound)
        say_unbound(output, "x");
    else
        say(output, "y");
    model->marks[model->len++] = unbound ? 0 : UINT64_MAX;
}

static void model_end_pass(struct model *model, struct gated_output *output)
{
    for (; model->passed < model->len; model->passed++) {
        if (model->marks[model->passed] != 0)
            model->marks[model->passed] = model->mark;
    }
    gated_output_end_pass(output, model->mark, model->committed);
}

static void model_release(struct model *model, struct gated_output *output)
{
    uint32_t before = gated_output_sendable(output);
    bool released;

    model->committed += model->committed < model->mark;
    released = gated_output_release(output, model->committed);
    assert_int_equal(released, gated_output_sendable(output) > before);
}

static void model_send(struct model *model, struct gated_output *output)
{
    uint32_t len = (uint32_t)rand() % (gated_output_sendable(output) + 1);

    gated_output_sent(output, len);
    model->sent += len;
}

static void no_byte_is_seen_before_its_commit(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    struct gated_output output = {0};

    (void)state;
    assert_non_null(model);
    srand(1);
    for (int i = 0; i < STEPS; i++) {
        switch (rand() % 8) {
        case 0:
        case 1:
            model_say(model, &output, false);
            break;
        case 2:
            model_say(model, &output, true);
            break;
        case 3:
            model->mark++;
            break;
        case 4:
            model_end_pass(model, &output);
            break;
        case 5:
        case 6:
            model_release(model, &output);
            break;
        default:
            model_send(model, &output);
        }
        check(model, &output);
    }
    gated_output_fini(&output);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_wait_for_their_commit),
        cmocka_unit_test(what_is_safe_already_waits_for_nothing),
        cmocka_unit_test(what_depends_on_no_change_waits_for_nothing_but_what_was_said_before),
        cmocka_unit_test(an_unbound_byte_does_not_unbind_those_beside_it),
        cmocka_unit_test(what_waits_longest_is_not_added_to),
        cmocka_unit_test(one_release_may_let_go_of_everything),
        cmocka_unit_test(what_was_sent_is_gone),
        cmocka_unit_test(only_what_may_be_seen_is_left_when_the_rest_is_taken_back),
        cmocka_unit_test(no_byte_is_seen_before_its_commit),
    };

    return cmocka_run_group_tests_name("gated_output", tests, NULL, NULL);
}
