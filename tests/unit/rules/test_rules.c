/* Pools and groups of a configuration file, read through the door of the room.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/rules.h"

static char folder[] = "/tmp/test_rules.XXXXXX";
static char told[8192];

static void keep_fault(void *context, const char *text)
{
    size_t len = strlen(told);

    (void)context;
    assert_true(strncmp(text, folder, strlen(folder)) == 0);
    snprintf(told + len, sizeof told - len, "%s\n", text + strlen(folder) + 1);
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What is read does not need the configuration any more. */
static struct rules *read_text(const char *text)
{
    struct conf_faults faults = {.tell = keep_fault};
    struct rules *rules;
    struct conf *conf;
    char path[128];

    told[0] = '\0';
    write_file("a", text);
    snprintf(path, sizeof path, "%s/a", folder);
    conf = conf_read(path, &faults);
    if (conf == NULL)
        fail_msg("%s", told);
    rules = rules_read(conf_root(conf), &faults);
    assert_true((rules == NULL) == (faults.count > 0));
    conf_free(conf);
    return rules;
}

static void check_understood(const char *text, const char *understood)
{
    struct rules *rules = read_text(text);
    char *printed = NULL, *to;
    size_t len;
    FILE *out = open_memstream(&printed, &len);

    assert_string_equal(told, "");
    rules_print(rules, out);
    fclose(out);
    rules_free(rules);
    /* The folder is another one each time. */
    while ((to = strstr(printed, folder)) != NULL)
        memmove(to, to + strlen(folder) + 1, strlen(to + strlen(folder)));
    assert_string_equal(printed, understood);
    free(printed);
}

static void check_faults(const char *text, const char *faults)
{
    assert_null(read_text(text));
    assert_string_equal(told, faults);
}

static void every_rule_is_understood(void **state)
{
    (void)state;
    check_understood(
        "unknown-names = \"refuse\"\n"
        "pools = ( { name = \"vcs\"; seats = 40; seat-order = \"lowest\"; project = \"misc\";\n"
        " allow = { users = [\"group:eda\", \"carol\"]; hosts = [\"cad[01-20]\", \"x\"]; };\n"
        " deny = { users = \"mallory\"; projects = (\"old\", \"older\"); };\n"
        " limits = ( { by = \"user\"; each = 10; },\n"
        "  { each = 20; of = [\"alice\"]; by = \"user\"; },\n"
        "  { by = \"user\"; of = [\"group:night\", \"unix:staff\"]; together = 12; },\n"
        "  { by = \"host\"; of = [\"cad[1-2]\"]; each = 16; }, { by = \"job\"; each = 4; },\n"
        "  { by = \"group\"; of = \"group:eda\"; each = 5 },\n"
        "  { by = \"project\"; of = [\"chipB\"]; each = 25; } );\n"
        " reserve = ( { seats = 4; projects = [\"ci\"]; users = \"group:eda\" },\n"
        "  { seats = 1; hosts = [\"h[1-3]\"]; } );\n"
        " share = { by = \"user\"; weights = ( { of = \"alice\"; weight = 4; },\n"
        "  { of = \"bob\"; weight = 3; } ); others = 2; };\n"
        " priority = { step = \"10m\"; most = ( { users = \"group:eda\"; most = 3; },\n"
        "  { most = 0 } ); };\n"
        " hold-limit = \"0.5d\"; hold-default = 90; outside-most = 15;\n"
        " administrators = [\"root\", \"group:eda\"]; },\n"
        "{ name = \"board\"; names = [\"board[1-6]\", \"big[1-2]\"];\n"
        " seat-order = \"longest-unused\"; share = { by = \"project\" } } );\n"
        "groups = ( { name = \"eda\"; users = [\"alice\", \"unix:edaflow\"]; },\n"
        " { name = \"night\"; users = \"regress\"; } );\n",
        "# a:21: group:eda: alice, unix:edaflow\n"
        "# a:22: group:night: regress\n"
        "# a:2: pool vcs: 40 seats, vcs1 to vcs40; the lowest free one is given first; none can "
        "be chosen\n"
        "# a:3: only for users group:eda, carol, and only hosts cad01, cad02, cad03, cad04, "
        "cad05, cad06 and 15 more\n"
        "# a:4: not for users mallory, nor for projects old, older\n"
        "# a:5: each user has 10 at most\n"
        "# a:6: user alice has 20 at most\n"
        "# a:7: all users of group:night, unix:staff have 12 at most together\n"
        "# a:8: each of the hosts cad1, cad2 has 16 at most\n"
        "# a:8: each job has 4 at most\n"
        "# a:9: group:eda has 5 at most\n"
        "# a:10: project chipB has 25 at most\n"
        "# a:11: 4 kept free for users group:eda with projects ci\n"
        "# a:12: 1 kept free for hosts h1, h2, h3\n"
        "# a:13: users take turns by weight: alice 4, bob 3, each other 2\n"
        "# a:15: each priority is worth 10 min 0 s of waiting\n"
        "# a:15: priority 3 at most for group:eda, and more counts as that\n"
        "# a:16: priority 0 at most for everybody, and more counts as that\n"
        "# a:2: held for 12 h 0 min at most\n"
        "# a:2: held for 1 min 30 s by who says nothing\n"
        "# a:2: who says no project is of misc\n"
        "# a:2: 15 at most count as in use elsewhere\n"
        "# a:18: administered by root, group:eda\n"
        "# a:19: pool board: 8 seats, board1, board2, board3, board4, board5, board6 and 2 more; "
        "the longest unused free one is given first\n"
        "# a:20: projects take turns by weight: each other 1\n"
        "# names that no pool has are refused\n");
}

static void nothing_is_no_pools(void **state)
{
    (void)state;
    check_understood("port = 5", "");
    check_understood("pools = (); groups = (); unknown-names = \"allow\"", "");
}

static void what_is_included_is_one_list_with_its_places(void **state)
{
    (void)state;
    write_file("vcs", "\n\npools = ( { name = \"vcs\"; seats = 2;\n"
                      " allow = { users = [\"group:eda\"] } } )");
    write_file("eda", "\ngroups = ( { name = \"eda\"; users = [\"alice\"] } )");
    check_understood(
        "pools = ( { name = \"dc\"; seats = 1 } )\n"
        "@include \"vcs\"\n@include \"ed*\"",
        "# eda:2: group:eda: alice\n"
        "# a:1: pool dc: 1 seats, dc1 to dc1; the lowest free one is given first\n"
        "# vcs:3: pool vcs: 2 seats, vcs1 to vcs2; the lowest free one is given first\n"
        "# vcs:4: only for users group:eda\n");
    write_file("eda", "");
    check_faults("pools = ( { name = \"vcs1\"; seats = 1 } )\n@include \"vcs\"\n@include \"eda\"",
                 "vcs:4: there is no group:eda; declare it in groups, or name unix:GROUP\n"
                 "vcs:3: vcs1 is the name of pool vcs1, and a seat of pool vcs\n");
}

static void faults_of_groups_are_told(void **state)
{
    (void)state;
    check_faults(
        "groups = ( { name = \"eda\"; users = () }, { name = \"a b\"; user = [\"x\"]; },\n"
        " { users = (\"eda:x\", 5, \"@staff\", \"group:\", \"\", \"a\\tb\") }, 7,\n"
        " { name = \"group:x\"; users = \"y\" } );\n"
        "unknown-names = true; pools = { name = \"vcs\" }\n",
        "a:1: users is empty; name somebody, or leave it out\n"
        "a:1: 'a b' is empty, or has a blank or control character in it\n"
        "a:1: a group has no setting user; did you mean users?\n"
        "a:1: a group has users: users = [\"alice\", \"unix:NAME\"]\n"
        "a:2: eda:x is no user; a group is \"group:NAME\", one of the system \"unix:NAME\"\n"
        "a:2: each of the list is a text, \"...\"\n"
        "a:2: @staff is no user; a group is \"group:NAME\", one of the system \"unix:NAME\"\n"
        "a:2: group: is no user; a group is \"group:NAME\", one of the system \"unix:NAME\"\n"
        "a:2: '' is empty, or has a blank or control character in it\n"
        "a:2: 'a\\x09b' is empty, or has a blank or control character in it\n"
        "a:2: a group has a name: name = \"...\"\n"
        "a:2: a group is a section: { name = value; ... }\n"
        "a:3: a group's name has no : in it; rules name it \"group:NAME\"\n"
        "a:4: pools is a list of sections: ( { ... }, { ... } )\n"
        "a:4: unknown-names is one of \"allow\", \"refuse\"\n");
}

static void faults_of_pools_are_told(void **state)
{
    (void)state;
    check_faults(
        "pools = ( { name = \"vcs\"; seats = 40; seat-order = \"lowst\"; project = 5;\n"
        " allow = { users = [\"group:ead\"]; hosts = [\"cad[01-2\"]; };  deny = { };\n"
        " hold-limit = \"1h\"; hold-default = \"4h\"; outside-most = -15; sets = 5 },\n"
        "{ name = \"x\"; names = [\"vcs[39-40]\"]; hold-limit = 0; hold-default = \"9z\" },\n"
        "{ name = \"y\"; seats = \"4\"; reserve = ( { seats = 9; users = \"me\" } ) },\n"
        "{ name = \"b[1]\"; seats = 99999999999 }, { name = \"c:d\"; seats = 1; names = \"e\" },\n"
        "{ seats = 5; outside-most = 6; hold-limit = true }, \"foo\", { name = \"z\" } );\n",
        "a:1: seat-order is one of \"lowest\", \"longest-unused\"\n"
        "a:1: project is a text, \"...\"\n"
        "a:2: bracket without end at character 4 of \"cad[01-2\"\n"
        "a:2: deny names nobody; give it users, hosts or projects\n"
        "a:3: outside-most is -15; give a whole number from 0 to 65536\n"
        "a:3: a pool has no setting sets; did you mean seats?\n"
        "a:4: hold-limit is '0'; give a number with d, h, m or s, such as \"12h\", up to 3660d\n"
        "a:4: hold-default is '9z'; give a number with d, h, m or s, such as \"12h\", up to "
        "3660d\n"
        "a:5: seats is a whole number from 1 to 65536\n"
        "a:6: a pool's name has no : and no brackets, and 249 letters at most\n"
        "a:6: seats is 99999999999; give a whole number from 1 to 65536\n"
        "a:6: a pool's name has no : and no brackets, and 249 letters at most\n"
        "a:7: hold-limit is a time, such as \"12h\"\n"
        "a:7: a pool has a name: name = \"...\"\n"
        "a:7: a pool is a section: { name = value; ... }\n"
        "a:1: the hold-default of pool vcs is above its hold-limit\n"
        "a:7: pool z has no seats; give it seats or names\n"
        "a:2: there is no group:ead; declare it in groups, or name unix:GROUP\n"
        "a:4: vcs39 is a seat of pool vcs, and a seat of pool x\n");
}

static void faults_of_rules_are_told(void **state)
{
    (void)state;
    check_faults(
        "groups = ( { name = \"eda\"; users = \"a\" } ); pools = ( { name = \"vcs\"; seats = 4;\n"
        " limits = ( { by = \"usr\"; each = 10; }, { by = \"host\"; each = 0; },\n"
        "  { by = \"user\"; of = [\"group:eda\"]; together = 12; each = 3; },\n"
        "  { by = \"host\"; of = \"h\"; each = 2.5; }, { each = 4; }, { by = \"job\" },\n"
        "  { by = \"project\"; of = [\"group:eda\"]; each = 25; }, 7,\n"
        "  { by = \"group\"; of = [\"eda\"]; each = 25; }, { by = \"project\"; most = 5 } );\n"
        " reserve = ( { seats = 4; projects = [\"ci\"]; }, { seats = 2; users = [\"alice\"]; },\n"
        "  { seats = 2 }, { users = \"x\"; seat = 2 } );\n"
        " share = { weights = ( { of = \"chipA\"; weight = 4; }, { of = \"chipB\"; },\n"
        "  { of = (\"x\", \"y\"); weight = 1 }, { of = \"chipA\"; weight = 40000; } ); others = 0; "
        "};\n"
        " priority = { most = ( { users = [\"group:eda\"]; }, { most = 1001 } ); }; } );\n",
        "a:2: by is one of \"job\", \"user\", \"host\", \"project\", \"group\"\n"
        "a:2: each is 0; give a whole number from 1 to 65536\n"
        "a:4: each is 2.5; give a whole number from 1 to 65536\n"
        "a:4: a limit says what it counts by: by = \"user\", \"group\", \"project\", \"host\" or "
        "\"job\"\n"
        "a:5: group:eda is a group of users, and here is none meant\n"
        "a:5: a limit is a section: { name = value; ... }\n"
        "a:6: eda is no group; write \"group:NAME\", or \"unix:NAME\" for one of the system\n"
        "a:6: a limit has no setting most\n"
        "a:8: a reserve has no setting seat; did you mean seats?\n"
        "a:9: a weight has both of and weight\n"
        "a:10: a weight is of one; give the others one of their own\n"
        "a:10: weight is 40000; give a whole number from 1 to 10000\n"
        "a:10: others is 0; give a whole number from 1 to 10000\n"
        "a:9: share says who takes turns: by = \"project\" or \"user\"\n"
        "a:11: a line of most says how much priority: most = 3\n"
        "a:11: most is 1001; give a whole number from 0 to 1000\n"
        "a:11: priority says how much waiting time one of it is worth: step = \"10m\"\n"
        "a:3: a limit of pool vcs needs one of each and together\n"
        "a:4: a limit of pool vcs needs one of each and together\n"
        "a:6: a limit by group of pool vcs must say of which groups\n"
        "a:6: a limit of pool vcs needs one of each and together\n"
        "a:7: pool vcs has 4 seats, but 6 are reserved\n"
        "a:8: a reserve of pool vcs is for nobody; name users, hosts or projects\n"
        "a:8: a reserve of pool vcs keeps no seats\n"
        "a:9: chipA has two weights in pool vcs\n");
}

static void groups_that_the_system_does_not_have_are_told(void **state)
{
    struct conf_faults faults = {.tell = keep_fault};
    struct rules *rules = read_text(
        "groups = ( { name = \"eda\"; users = (\"unix:no-such-group\", \"unix:root\") } );\n"
        "pools = ( { name = \"vcs\"; seats = 4;\n"
        " allow = { users = (\"unix:no-such-group\", \"group:eda\", \"unix:nor-that\") } } )");

    (void)state;
    rules_check_system_groups(rules, &faults);
    assert_string_equal(told,
                        "a:1: the system has no group no-such-group; create it, or name another\n"
                        "a:3: the system has no group no-such-group; create it, or name another\n"
                        "a:3: the system has no group nor-that; create it, or name another\n");
    rules_free(rules);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"a", "vcs", "eda"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_understood),
        cmocka_unit_test(nothing_is_no_pools),
        cmocka_unit_test(what_is_included_is_one_list_with_its_places),
        cmocka_unit_test(faults_of_groups_are_told),
        cmocka_unit_test(faults_of_pools_are_told),
        cmocka_unit_test(faults_of_rules_are_told),
        cmocka_unit_test(groups_that_the_system_does_not_have_are_told),
    };

    return cmocka_run_group_tests_name("rules", tests, make_folder, remove_folder);
}
