/* What --debug shows of a conversation, wherever it is cut.
 * Must not open a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/message.h"
#include "lockersh/conversation.h"

static char shown[8192];

static void take(void *context, const char *text)
{
    size_t len = strlen(shown);

    (void)context;
    snprintf(shown + len, sizeof shown - len, "%s\n", text);
}

static void trace(struct conversation *conversation, bool sent, const char *text)
{
    conversation_trace(conversation, sent, text, strlen(text));
}

static void expect(const char *text)
{
    assert_string_equal(shown, text);
    shown[0] = '\0';
}

static int set_up(void **state)
{
    static struct progress progress;
    static struct conversation conversation;

    progress = (struct progress){.name = "lockersh"};
    conversation = (struct conversation){.progress = &progress};
    shown[0] = '\0';
    message_divert(take, NULL);
    *state = &conversation;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    message_divert(NULL, NULL);
    return 0;
}

static void a_line_is_shown_once_wherever_it_is_cut(void **state)
{
    trace(*state, true, "pro");
    expect("");
    trace(*state, true, "to 2\nuser a\nLO");
    expect("> proto 2\n> user a\n");
    trace(*state, true, "CK\n");
    expect("> LOCK\n");
    trace(*state, false, "proto 2\n");
    expect("< proto 2\n");
}

static void half_a_line_of_a_connection_is_no_part_of_the_next_ones(void **state)
{
    trace(*state, true, "locks so-ma");
    trace(*state, false, "");
    expect("> locks so-ma... (11 bytes, so far)\n");
    trace(*state, true, "proto 2\n");
    expect("> proto 2\n");
    trace(*state, false, "own");
    trace(*state, false, "");
    expect("< own... (3 bytes, so far)\n");
    trace(*state, false, "");
    expect("");
}

static void what_stands_half_said_is_shown_after_a_while(void **state)
{
    struct conversation *conversation = *state;
    int left_ms;

    assert_int_equal(conversation_update(conversation), -1);
    trace(conversation, false, "own");
    left_ms = conversation_update(conversation);
    assert_true(left_ms > 0 || strcmp(shown, "< own... (3 bytes, so far)\n") == 0);
    conversation->last_ms -= 1000;
    assert_int_equal(conversation_update(conversation), -1);
    expect("< own... (3 bytes, so far)\n");
}

static void the_end_of_a_note_is_not_cut(void **state)
{
    char line[5001], expected[1100];

    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    trace(*state, false, line);
    trace(*state, false, "");
    snprintf(expected, sizeof expected, "< %.*s... (5000 bytes, so far)\n", CONVERSATION_SHOWN,
             line);
    expect(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_shown_once_wherever_it_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_line_of_a_connection_is_no_part_of_the_next_ones,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_stands_half_said_is_shown_after_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_a_note_is_not_cut, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
