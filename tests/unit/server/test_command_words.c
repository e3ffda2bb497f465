/* Which words are commands: as they stand in the protocol, and nothing that is only like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/command.h"
#include "server/server.h"
#include "server_talk.h"

/* Runs a line as if somebody had sent it.  Returns how often the command in a place was run for it.
 */
static uint64_t run(struct ipclocker_server *server, const char *text, size_t len, size_t place)
{
    struct conn *conn = TAILQ_FIRST(&server->conns);
    uint64_t before = server->counts.commands[place];
    char *line = test_malloc(len + 1);

    assert_non_null(conn);
    memcpy(line, text, len);
    line[len] = '\0';
    assert_true(command_run(conn, line, len));
    test_free(line);
    return server->counts.commands[place] - before;
}

static void expect_run(struct ipclocker_server *server, size_t place, uint64_t times,
                       const char *before, const char *behind)
{
    char line[100];
    int len = snprintf(line, sizeof line, "%s%s%s", before, command_word(place), behind);

    assert_true(len > 0 && (size_t)len < sizeof line);
    if (run(server, line, (size_t)len, place) != times)
        fail_msg("\"%s\" was run %s", line, times == 0 ? "though it is no command" : "never");
}

/* Settings change nothing but the connection, and of what they are told here they refuse most. */
static void a_setting_is_found_by_its_whole_word_and_by_no_other(void **state)
{
    struct ipclocker_server *server = *state;
    int fd = connect_to(ipclocker_server_port(server));

    expect_answer(server, fd, "proto 2\n", "proto 2\n");
    for (size_t place = 0; command_word(place) != NULL; place++) {
        if (!command_is_setting(place) || strcmp(command_word(place), "auth") == 0)
            continue;
        expect_run(server, place, 1, "", "");
        expect_run(server, place, 1, "", " 1");
        expect_run(server, place, 1, "\t ", "\t1");
        expect_run(server, place, 1, "", "\r");
        expect_run(server, place, 0, "", "x 1");
        expect_run(server, place, 0, "x", " 1");
        expect_run(server, place, 0, "", "\001 1");
        expect_run(server, place, 0, "\001", " 1");
        expect_run(server, place, 0, "", "-and-much-more-than-that");
        expect_run(server, place, 0, "", "\377");
    }
    close(fd);
}

static void a_word_is_no_command_without_its_last_byte(void **state)
{
    struct ipclocker_server *server = *state;
    int fd = connect_to(ipclocker_server_port(server));

    expect_answer(server, fd, "proto 2\n", "proto 2\n");
    for (size_t place = 0; command_word(place) != NULL; place++) {
        const char *word = command_word(place);

        assert_int_equal(run(server, word, strlen(word) - 1, place), 0);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_setting_is_found_by_its_whole_word_and_by_no_other,
                                        server_talk_start, server_talk_stop),
        cmocka_unit_test_setup_teardown(a_word_is_no_command_without_its_last_byte,
                                        server_talk_start, server_talk_stop),
    };

    return cmocka_run_group_tests_name("command words", tests, NULL, NULL);
}
