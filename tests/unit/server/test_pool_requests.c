/* What clients ask of pools, word by word: seats by the number, rules that refuse or hold back,
 * why. Must not read a configuration file. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/pool_setup.h"
#include "server_talk.h"

static const char *const mallory[] = {"mallory"};
static const char *const night[] = {"group:night"};

static const struct pool_limit limits[] = {
    {.by = POOL_BY_USER, .each = 2, .at = {"lockerd.conf", 12}},
    {.by = POOL_BY_USER, .of = {night, 1}, .each = 1, .at = {"lockerd.conf", 13}},
};
static const struct pool_reserve reserves[] = {
    {.seats = 1, .who = {.users = {mallory, 1}}, .at = {"lockerd.conf", 30}}};

static const struct pool_config pools[] = {
    {.name = "vcs",
     .seats = 4,
     .limits = limits,
     .limit_count = 2,
     .deny = {.users = {mallory, 1}},
     .deny_at = {"lockerd.conf", 9}},
    {.name = "kept", .seats = 3, .reserves = reserves, .reserve_count = 1},
    {.name = "board", .seats = 3},
};
static const char *const nora[] = {"nora"};
static const struct pool_group groups[] = {{"group:night", {nora, 1}, {"lockerd.conf", 2}}};
static const struct pools_config config = {
    .pools = pools, .pool_count = 3, .groups = groups, .group_count = 1, .refuse_unknown = true};

struct fixture {
    struct ipclocker_server *server;
    int fd, other;
    char folder[32], socket[64];
};

/* With a state tokens begin at 1. */
static int set_state(struct fixture *fixture)
{
    char path[64];

    strcpy(fixture->folder, "/tmp/farmlock-test.XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        return -1;
    snprintf(fixture->socket, sizeof fixture->socket, "%s/socket", fixture->folder);
    if (ipclocker_server_listen_unix(fixture->server, fixture->socket) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/state.db", fixture->folder);
    return ipclocker_server_set_state(fixture->server, path, IPCLOCKER_DURABLE_PROCESS);
}

static int setup(void **state)
{
    static struct fixture fixture;
    const struct pool_setup pool_setup = {.config = &config};

    fixture.server = ipclocker_server_create();
    if (fixture.server == NULL || ipclocker_server_listen(fixture.server, "127.0.0.1", "0") != 0 ||
        ipclocker_server_set_pools(fixture.server, &pool_setup) != 0 || set_state(&fixture) != 0 ||
        ipclocker_server_start(fixture.server, NULL) != 0)
        return -1;
    fixture.fd = connect_to(ipclocker_server_port(fixture.server));
    fixture.other = connect_to(ipclocker_server_port(fixture.server));
    expect_answer(fixture.server, fixture.fd, "proto 2\n", "proto 2\n");
    expect_answer(fixture.server, fixture.other, "proto 2\n", "proto 2\n");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    const struct fixture *fixture = *state;
    char command[64];

    close(fixture->fd);
    close(fixture->other);
    ipclocker_server_destroy(fixture->server);
    snprintf(command, sizeof command, "rm -rf %s", fixture->folder);
    return system(command);
}

static void expect(const struct fixture *it, const char *request, const char *answer)
{
    expect_answer(it->server, it->fd, request, answer);
}

static void expect_other(const struct fixture *it, const char *request, const char *answer)
{
    expect_answer(it->server, it->other, request, answer);
}

static void seats_are_given_by_the_number(void **state)
{
    expect(*state, "user ann\nlocks board\ncount 2\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board2\ntoken 1\n\n\n");
    expect(*state, "locks board\nSTATUS\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board2\ntoken 1\n\n\n");
    expect(*state, "locks board2\nUNLOCK\n", "owner \nlocked 0\n\n\n");
    expect(*state, "locks board\nSTATUS\n", "owner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n");
    expect(*state, "UNLOCK\n", "owner \nlocked 0\n\n\n");
}

static void seats_of_several_grants_are_one_owners(void **state)
{
    expect(*state, "user ann\nlocks board1\nLOCK\nlocks board3\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n"
           "owner ann\nlocked 1\nlockname board3\ntoken 2\n\n\n");
    expect(*state, "locks board\nSTATUS\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board3\ntoken 2\n\n\n");
    expect(*state, "locks board\ncount 2\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board3\ntoken 2\n\n\n");
    expect(*state, "locks board1 board3\ncount 2\nRENEW 2\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board3\ntoken 2\n\n\n");
    expect_other(*state, "user bob\nlocks board\nLOCK\nSTATUS\n",
                 "owner bob\nlocked 1\nlockname board2\ntoken 3\n\n\n"
                 "owner bob\nlocked 1\nlockname board2\ntoken 3\n\n\n");
    expect(*state, "locks board3\nUNLOCK\nlocks board\nSTATUS\n",
           "owner \nlocked 0\n\n\nowner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n");
    expect(*state, "locks board3\nLOCK\n", "owner ann\nlocked 1\nlockname board3\ntoken 4\n\n\n");
    /* By the pool's name all of one's own, and nobody else's. */
    expect(*state, "locks board\nUNLOCK\n", "owner bob\nlocked 0\n\n\n");
    expect_other(*state, "STATUS\n", "owner bob\nlocked 1\nlockname board2\ntoken 3\n\n\n");
}

static void who_does_not_have_any_is_told_who_has_had_some_longest(void **state)
{
    expect(*state, "user ann\nlocks board\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n");
    expect(*state, "user bob\nLOCK\n", "owner bob\nlocked 1\nlockname board2\ntoken 2\n\n\n");
    expect(*state, "user cid\nSTATUS\n", "owner ann\nlocked 0\n\n\n");
}

static void a_pool_is_not_broken_but_a_seat_is(void **state)
{
    expect(*state, "user ann\nlocks board\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n");
    expect(*state, "user bob\nBREAK_LOCK\n",
           "owner ann\nlocked 0\nerror-code malformed\n"
           "error a pool is not taken away as a whole; name the seat\n\n\n");
    expect(*state, "locks board1\nBREAK_LOCK\n", "print_broke ann\nowner \nlocked 0\n\n\n");
}

static void what_can_never_be_is_refused_with_the_rule(void **state)
{
    expect(*state, "user ann\nlocks vcs\ncount 3\nLOCK\n",
           "owner \nlocked 0\nerror-code limit\nerror of vcs a user may have 2 at most, and 3 were "
           "asked for; ask for fewer (lockerd.conf:12)\n\n\n");
    expect(*state, "user mallory\nlocks vcs\nLOCK\n",
           "owner \nlocked 0\nerror-code denied\nerror vcs is denied to this user, host or project "
           "(lockerd.conf:9)\n\n\n");
    expect(*state, "user ann\nlocks board\ncount 4\nLOCK\n",
           "owner \nlocked 0\nerror-code limit\n"
           "error board has 3 seats, and never 4; ask for fewer\n\n\n");
    expect(*state, "locks kept2\nLOCK\n",
           "owner \nlocked 0\nerror-code malformed\nerror seats of kept cannot be chosen, as some "
           "are reserved or in use elsewhere; ask for kept\n\n\n");
    expect(*state, "locks board vcs\nLOCK\n",
           "owner \nlocked 0\nerror-code malformed\nerror a group names the pool vcs, or seats of "
           "it, beside other locks; name it in a group of its own\n\n\n");
    expect(*state, "locks bored\nLOCK\n",
           "owner \nlocked 0\nerror-code unknown\nerror no pool has this name, and others are "
           "refused here; see lockersh --pools\n\n\n");
}

static void groups_of_the_login_count(void **state)
{
    expect(*state, "user h_1_nora\nlocks vcs\ncount 2\nLOCK\n",
           "owner \nlocked 0\nerror-code limit\nerror of vcs a user may have 1 at most, and 2 were "
           "asked for; ask for fewer (lockerd.conf:13)\n\n\n");
}

/* Whatever name the owner goes by. */
/* Anybody may claim such a login. */
static void a_login_that_is_spelled_as_a_group_is_nobodys(void **state)
{
    expect(*state, "user h_1_group:night\nlocks vcs\ncount 2\nLOCK\n",
           "owner h_1_group:night\nlocked 1\nlockname vcs1\nlockname vcs2\ntoken 1\n\n\n");
    expect(*state, "user h_2_group:night\ncount 1\nblock 0\nLOCK\n",
           "owner h_1_group:night\nlocked 0\n\n\n");
    expect(*state, "user h_3_nora\nLOCK\n",
           "owner h_3_nora\nlocked 1\nlockname vcs3\ntoken 2\n\n\n");
}

static void a_login_that_is_proven_is_what_rules_go_by(void **state)
{
    const struct fixture *it = *state;
    const struct passwd *me = getpwuid(getuid());
    int fd = connect_to_path(it->socket);
    char why[200];

    assert_non_null(me);
    expect_answer(it->server, fd, "user h_1_mallory\nlocks vcs\nLOCK\nuser h_2_bob\nLOCK\n",
                  "owner h_1_mallory\nlocked 1\nlockname vcs1\n\n\n"
                  "owner h_2_bob\nlocked 1\nlockname vcs2\n\n\n");
    snprintf(why, sizeof why,
             "proto 2\nprint_waiting h_1_mallory\nqueue 1 {any} vcs h_1_mallory\n"
             "why limit vcs 2 2 0 1 1 user %s 12 lockerd.conf\n",
             me->pw_name);
    expect_answer(it->server, fd, "proto 2\nwhy 1\nuser h_3_cid\nblock 1\nLOCK\n", why);
    close(fd);
}

static void who_is_at_a_limit_is_told_so(void **state)
{
    expect(*state, "user h_1_ann\nlocks vcs\ncount 2\nLOCK\n",
           "owner h_1_ann\nlocked 1\nlockname vcs1\nlockname vcs2\ntoken 1\n\n\n");
    expect_other(*state, "why 1\nuser h_2_ann\nlocks vcs\nblock 1\nLOCK\n",
                 "print_waiting h_1_ann\nqueue 1 {any} vcs h_1_ann\n"
                 "why limit vcs 2 2 0 1 1 user ann 12 lockerd.conf\n");
    expect(*state, "user h_3_bob\nlocks vcs\nLOCK\n",
           "owner h_3_bob\nlocked 1\nlockname vcs3\ntoken 2\n\n\n");
    expect(*state, "user h_1_ann\nlocks vcs1\nUNLOCK\n", "owner h_2_ann\nlocked 0\n\n\n");
    expect_other(*state, "",
                 "print_obtained\nowner h_2_ann\nlocked 1\nlockname vcs1\ntoken 3\n\n\n");
}

static void what_is_reserved_is_said(void **state)
{
    expect(*state, "user ann\nlocks kept\ncount 2\nLOCK\n",
           "owner ann\nlocked 1\nlockname kept1\nlockname kept2\ntoken 1\n\n\n");
    expect_other(*state, "why 1\nuser bob\nlocks kept\nblock 1\nLOCK\n",
                 "print_waiting ann\nqueue 1 {any} kept ann\nwhy reserve kept 1 0 0 1 1 - - 30 "
                 "lockerd.conf\n");
}

static void settings_of_rules_are_checked(void **state)
{
    expect(*state, "user ann\npriority x\nlocks board\nLOCK\n",
           "owner \nlocked 0\nerror-code malformed\n"
           "error the priority is not a number from -1000 to 1000\n\n\n");
    expect(*state, "priority -1001\nLOCK\n",
           "owner \nlocked 0\nerror-code malformed\n"
           "error the priority is not a number from -1000 to 1000\n\n\n");
    expect(*state, "priority -1000\nproject chipA\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\ntoken 1\n\n\n");
}

static void a_pool_is_a_part_of_a_demand_of_several_groups(void **state)
{
    expect(*state, "user ann\nlocks board\ncount 2\nand kept\nLOCK\n",
           "owner ann\nlocked 1\nlockname board1\nlockname board2\nlockname kept1\ntoken 1\n\n\n");
    expect(*state, "UNLOCK\n", "owner \nlocked 0\n\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seats_are_given_by_the_number),
        TEST(seats_of_several_grants_are_one_owners),
        TEST(who_does_not_have_any_is_told_who_has_had_some_longest),
        TEST(a_pool_is_not_broken_but_a_seat_is),
        TEST(what_can_never_be_is_refused_with_the_rule),
        TEST(groups_of_the_login_count),
        TEST(a_login_that_is_spelled_as_a_group_is_nobodys),
        TEST(a_login_that_is_proven_is_what_rules_go_by),
        TEST(who_is_at_a_limit_is_told_so),
        TEST(what_is_reserved_is_said),
        TEST(settings_of_rules_are_checked),
        TEST(a_pool_is_a_part_of_a_demand_of_several_groups),
    };

    return cmocka_run_group_tests_name("pool_requests", tests, NULL, NULL);
}
