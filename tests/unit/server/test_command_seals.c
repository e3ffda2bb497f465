/* Behind a proof nothing is changed without its seal: each command of the server's table is tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/sealed.h"
#include "server/auth_key.h"
#include "server/command.h"
#include "server/server.h"
#include "server_talk.h"

/* All that a command may do without a seal is to tell something, or end its own connection; one
 * that is not here changes something. */
static const char *const harmless[] = {"EOF",         "STATUS",    "proof",    "QUEUE",
                                       "VERSION",     "HISTORY",   "EXPLAIN",  "WHOAMI",
                                       "REPLICATION", "LOCK_LIST", "LIST_JSON"};

static bool is_harmless(const char *word)
{
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        if (strcmp(word, harmless[i]) == 0)
            return true;
    }
    return false;
}

static bool changes(size_t place)
{
    return !command_is_setting(place) && !is_harmless(command_word(place));
}

/* Runs a line as if the client that connected last had sent it. */
static void say(struct ipclocker_server *server, const char *text)
{
    struct conn *conn = TAILQ_LAST(&server->conns, conn_list);
    char line[100];
    int len = snprintf(line, sizeof line, "%s", text);

    assert_true(len > 0 && (size_t)len < sizeof line);
    assert_true(command_run(conn, line, (size_t)len));
}

/* A new client, known by the key of a grant: also one that nobody has needs its seals. */
static int prove(struct ipclocker_server *server)
{
    int fd = connect_to(ipclocker_server_port(server));

    expect_answer(server, fd, "proto 2\nauth\n", "proto 2\nauth none {any} {any} urgent\n");
    say(server, "proof grant 1");
    return fd;
}

static uint64_t right_seal(struct ipclocker_server *server, const char *line)
{
    struct seal_chain chain = TAILQ_LAST(&server->conns, conn_list)->auth->chain;

    return seal_chain_add(&chain, line, strlen(line));
}

static void say_seal(struct ipclocker_server *server, uint64_t seal)
{
    char text[SEAL_TEXT_SIZE], line[sizeof "seal " + SEAL_TEXT_SIZE];

    seal_format(text, seal);
    snprintf(line, sizeof line, "seal %s", text);
    say(server, line);
}

/* Returns how often the command in a place is run by a client that says it so. */
static uint64_t run_without(struct ipclocker_server *server, size_t place)
{
    uint64_t before = server->counts.commands[place];
    int fd = prove(server);

    say(server, command_word(place));
    close(fd);
    return server->counts.commands[place] - before;
}

static uint64_t run_behind(struct ipclocker_server *server, size_t place, uint64_t mistake)
{
    const char *word = command_word(place);
    uint64_t before = server->counts.commands[place];
    int fd = prove(server);

    say_seal(server, right_seal(server, word) ^ mistake);
    say(server, word);
    close(fd);
    return server->counts.commands[place] - before;
}

static void what_changes_something_is_not_done_without_its_seal(void **state)
{
    struct ipclocker_server *server = *state;

    for (size_t place = 0; command_word(place) != NULL; place++) {
        if (changes(place) && run_without(server, place) != 0)
            fail_msg("%s was done without a seal", command_word(place));
    }
}

static void nor_behind_a_wrong_one_which_ends_the_connection(void **state)
{
    struct ipclocker_server *server = *state;

    for (size_t place = 0; command_word(place) != NULL; place++) {
        if (!changes(place))
            continue;
        if (run_behind(server, place, 1) != 0)
            fail_msg("%s was done behind a wrong seal", command_word(place));
        assert_int_equal(TAILQ_LAST(&server->conns, conn_list)->state, CONN_CLOSING);
    }
}

static void behind_its_seal_it_is_done(void **state)
{
    struct ipclocker_server *server = *state;

    for (size_t place = 0; command_word(place) != NULL; place++) {
        /* What is nobody's is not had by a key: those are told that the user has to be known. */
        if (changes(place) && run_behind(server, place, 0) != 1)
            fail_msg("%s was not done behind its seal", command_word(place));
    }
}

static void clients_seal_just_what_the_server_wants_sealed(void **state)
{
    (void)state;
    for (size_t place = 0; command_word(place) != NULL; place++) {
        const char *word = command_word(place);

        if ((sealed_word(word, strlen(word)) != SEALED_NOT) != changes(place))
            fail_msg("%s is sealed by clients, or not, unlike here", word);
    }
}

/* What is done while a LOCK waits is passed over; all else ends the connection. */
static void what_is_urgent_ends_no_connection_where_its_seal_is_missing(void **state)
{
    struct ipclocker_server *server = *state;

    for (size_t place = 0; command_word(place) != NULL; place++) {
        const char *word = command_word(place);
        enum sealed sealed = sealed_word(word, strlen(word));

        if (sealed == SEALED_NOT)
            continue;
        run_without(server, place);
        assert_int_equal(TAILQ_LAST(&server->conns, conn_list)->state,
                         sealed == SEALED_ALWAYS ? CONN_CLOSING : CONN_OPEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_changes_something_is_not_done_without_its_seal,
                                        server_talk_start, server_talk_stop),
        cmocka_unit_test_setup_teardown(nor_behind_a_wrong_one_which_ends_the_connection,
                                        server_talk_start, server_talk_stop),
        cmocka_unit_test_setup_teardown(behind_its_seal_it_is_done, server_talk_start,
                                        server_talk_stop),
        cmocka_unit_test_setup_teardown(clients_seal_just_what_the_server_wants_sealed,
                                        server_talk_start, server_talk_stop),
        cmocka_unit_test_setup_teardown(what_is_urgent_ends_no_connection_where_its_seal_is_missing,
                                        server_talk_start, server_talk_stop),
    };

    return cmocka_run_group_tests_name("command seals", tests, NULL, NULL);
}
