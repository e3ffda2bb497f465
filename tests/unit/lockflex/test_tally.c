/* What is outside, of what license servers and lockerd say together.
 * Must not need either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lockflex/standing.h"
#include "lockflex/tally.h"

#define LIST(pools_, locks_) "{\"pools\":[" pools_ "],\"locks\":[" locks_ "],\"waiters\":[]}"
#define POOL(outside_) \
    "{\"name\":\"vcs\",\"total\":40,\"outside_most\":15,\"outside\":" #outside_ "}"
#define SEAT(user_, host_) \
    "{\"name\":\"vcs1\",\"pool\":\"vcs\",\"owner\":\"o\",\"user\":" user_ ",\"host\":" host_ "}"
#define ANN_CAD07 SEAT("\"ann\"", "\"cad07.lab.example\"")
#define FEATURE(in_use_) \
    "Users of vcs:  (Total of 40 licenses issued;  Total of " #in_use_ " licenses in use)\n"
#define ROW(user_, host_, tail_) \
    "    " user_ " " host_ " tty (v1.0) (lic1/27000 9), start Mon 11/23 9:15" tail_ "\n"

struct scene {
    struct feature_map map;
    struct name_list ours;
    bool by_user; /* alone */
    struct tally tally;
};

static void init(struct scene *scene, const char *map)
{
    char error[200];

    *scene = (struct scene){.by_user = false};
    assert_int_equal(feature_map_add(&scene->map, map, error, sizeof error), 0);
}

static void fini(struct scene *scene)
{
    feature_map_fini(&scene->map);
    name_list_fini(&scene->ours);
}

static void read_text(struct reading *reading, const struct reading_terms *terms, const char *text)
{
    assert_int_equal(reading_init(reading, READING_LMSTAT, terms), 0);
    for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        assert_int_equal(reading_take(reading, text, len, false), 0);
    }
    reading_end(reading);
}

/* Counts the one pool, of what two servers say. */
static void count_two(struct scene *scene, const char *first, const char *second, const char *json)
{
    const struct reading_terms terms = {
        .features = &scene->map.features, .ours = &scene->ours, .by_machine = !scene->by_user};
    struct reading readings[2];
    struct standing *standings = standings_parse(&scene->map, json, !scene->by_user);

    assert_non_null(standings);
    read_text(&readings[0], &terms, first);
    read_text(&readings[1], &terms, second);
    assert_int_equal(
        tally_count(&scene->tally, &scene->map, &scene->map.pools[0], readings, 2, &standings[0]),
        0);
    reading_fini(&readings[0]);
    reading_fini(&readings[1]);
    standings_free(standings, scene->map.count);
}

static unsigned outside(struct scene *scene, const char *text, const char *json)
{
    count_two(scene, text, "Users of nothing: None\n", json);
    return (unsigned)scene->tally.outside;
}

static void what_holders_use_is_not_outside(void **state)
{
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs");
    /* By user and machine, however either calls it; as many as seats are held. */
    assert_int_equal(
        outside(&scene, FEATURE(3) ROW("ann", "CAD07", ", 3 licenses"), LIST(POOL(0), ANN_CAD07)),
        2);
    assert_int_equal(scene.tally.ours, 1);
    assert_int_equal(scene.tally.in_use, 3);
    assert_true(scene.tally.is_whole);
    assert_int_equal(outside(&scene, FEATURE(3) ROW("ann", "cad07", ", 3 licenses"),
                             LIST(POOL(0), ANN_CAD07 "," ANN_CAD07 "," ANN_CAD07 "," ANN_CAD07)),
                     0);
    /* A seat that is held and not yet used pays for nobody else. */
    assert_int_equal(outside(&scene, FEATURE(2) ROW("bob", "cad07", "") ROW("ann", "cad08", ""),
                             LIST(POOL(0), ANN_CAD07)),
                     2);
    /* Who has no user or machine, or a seat of another pool, is nobody here. */
    assert_int_equal(
        outside(&scene, FEATURE(1) ROW("ann", "cad07", ""),
                LIST(POOL(0), SEAT("null", "\"cad07\"") "," SEAT(
                                  "\"ann\"", "null") ",{\"name\":\"x\",\"pool\":null,\"user\":"
                                                     "\"ann\",\"host\":\"cad07\"},7")),
        1);
    fini(&scene);
}

static void the_proven_login_counts(void **state)
{
    static const char list[] = LIST(POOL(0), "{\"name\":\"vcs1\",\"pool\":\"vcs\",\"user\":"
                                             "\"root\",\"login\":\"ann\",\"host\":\"cad07\"}");
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs");
    assert_int_equal(outside(&scene, FEATURE(1) ROW("ann", "cad07", ""), list), 0);
    assert_int_equal(outside(&scene, FEATURE(1) ROW("root", "cad07", ""), list), 1);
    fini(&scene);
}

static void by_user_alone_machines_do_not_matter(void **state)
{
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs");
    scene.by_user = true;
    assert_int_equal(outside(&scene,
                             FEATURE(3) ROW("ann", "cad01", "") ROW("ann", "cad02", "")
                                 ROW("bob", "cad01", ""),
                             LIST(POOL(0), ANN_CAD07 "," SEAT("\"ann\"", "null"))),
                     1);
    fini(&scene);
}

static void what_the_list_does_not_name_is_outside(void **state)
{
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs");
    /* Cut off, or in a form of its own. */
    assert_int_equal(outside(&scene, FEATURE(9) ROW("ann", "cad07", "") "    something else\n",
                             LIST(POOL(0), ANN_CAD07)),
                     8);
    /* Some versions do not have reservations in their total. */
    assert_int_equal(
        outside(&scene,
                FEATURE(6) "\t5 RESERVATIONs for GROUP x (lic1/27000)\n" ROW("ann", "cad07", ""),
                LIST(POOL(0), ANN_CAD07)),
        5);
    assert_int_equal(
        outside(&scene,
                FEATURE(1) "\t5 RESERVATIONs for GROUP x (lic1/27000)\n" ROW("ann", "cad07", ""),
                LIST(POOL(0), ANN_CAD07)),
        5);
    /* Two check-outs that share a license. */
    assert_int_equal(outside(&scene,
                             FEATURE(2) ROW("ann", "cad07", "") ROW("bob", "cad08", "")
                                 ROW("bob", "cad08", ""),
                             LIST(POOL(0), ANN_CAD07)),
                     1);
    fini(&scene);
}

static void reservations_for_the_farm_are_not_outside(void **state)
{
    struct scene scene;
    char error[100];

    (void)state;
    init(&scene, "vcs=vcs");
    assert_int_equal(name_list_append(&scene.ours, "farm", error, sizeof error), 0);
    assert_int_equal(
        outside(&scene,
                FEATURE(9) "\t5 RESERVATIONs for GROUP farm (lic1/27000)\n"
                           "\t3 RESERVATIONs for GROUP x (lic1/27000)\n" ROW("bob", "cad07", ""),
                LIST(POOL(0), "")),
        4);
    assert_int_equal(scene.tally.reserved, 3);
    fini(&scene);
}

static void features_and_servers_add_up(void **state)
{
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs:hsim");
    count_two(&scene, FEATURE(1) ROW("ann", "cad07", ""),
              "Users of hsim:  (Total of 4 licenses issued;  Total of 2 licenses in use)\n" ROW(
                  "ann", "cad07", "") ROW("bob", "cad07", ""),
              LIST(POOL(0), ANN_CAD07));
    assert_int_equal(scene.tally.outside, 2);
    assert_int_equal(scene.tally.in_use, 3);
    assert_true(scene.tally.is_whole);
    fini(&scene);
}

static void nothing_falls_while_a_server_is_down(void **state)
{
    static const char down[] = "Error getting status: it is down\n";
    struct scene scene;

    (void)state;
    init(&scene, "vcs=vcs");
    count_two(&scene, FEATURE(1) ROW("bob", "cad07", ""), down, LIST(POOL(6), ""));
    assert_false(scene.tally.is_whole);
    assert_int_equal(scene.tally.outside, 6);
    count_two(&scene, FEATURE(8) ROW("bob", "cad07", ", 8 licenses"), down, LIST(POOL(6), ""));
    assert_int_equal(scene.tally.outside, 8);
    count_two(&scene, FEATURE(1) ROW("bob", "cad07", ""), FEATURE(0), LIST(POOL(6), ""));
    assert_true(scene.tally.is_whole);
    assert_int_equal(scene.tally.outside, 1);
    assert_int_equal(
        outside(&scene, "Users of vcs: Cannot get users of vcs: no. (-5,222)\n", LIST(POOL(6), "")),
        6);
    assert_string_equal(scene.tally.why, "vcs: Cannot get users of vcs: no. (-5,222)");
    fini(&scene);
}

static void a_feature_that_nobody_serves_is_told(void **state)
{
    struct scene scene;

    (void)state;
    init(&scene, "vcs=VCS");
    assert_int_equal(outside(&scene, FEATURE(1) ROW("bob", "cad07", ""), LIST(POOL(0), "")), 0);
    assert_false(scene.tally.is_whole);
    assert_string_equal(scene.tally.why, "no license server tells of a feature VCS; correct --map");
    assert_int_equal(outside(&scene,
                             "Users of VCS:  (Uncounted, node-locked)\n" ROW("bob", "c", ""),
                             LIST(POOL(3), "")),
                     0);
    assert_true(scene.tally.is_whole);
    assert_string_equal(scene.tally.why, "VCS has no limit: nobody takes a seat by using it");
    fini(&scene);
}

static void what_is_no_list_with_pools_is_refused(void **state)
{
    static const struct {
        const char *json;
        int number;
    } lists[] = {
        {"", EPROTO},
        {"[]", EPROTO},
        {"{\"pools\":[]}", EPROTO},
        {"{\"locks\":{},\"pools\":[]}", EPROTO},
        {"{\"locks\":[],\"waiters\":[]}", ENOTSUP},
    };
    struct scene scene;
    struct standing *standings;

    (void)state;
    init(&scene, "vcs=vcs");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        errno = 0;
        assert_null(standings_parse(&scene.map, lists[i].json, true));
        assert_int_equal(errno, lists[i].number);
    }
    standings = standings_parse(&scene.map, LIST(POOL(4), ""), true);
    assert_non_null(standings);
    assert_int_equal(standings[0].most, 15);
    assert_int_equal(standings[0].outside, 4);
    standings_free(standings, 1);
    standings =
        standings_parse(&scene.map, LIST("7,{\"name\":\"vcs\",\"outside\":-4},{}", ""), true);
    assert_non_null(standings);
    assert_true(standings[0].exists);
    assert_int_equal(standings[0].outside, 0);
    standings_free(standings, 1);
    standings = standings_parse(&scene.map, LIST("{\"name\":\"hsim\",\"outside\":4}", ""), true);
    assert_non_null(standings);
    assert_false(standings[0].exists);
    standings_free(standings, 1);
    fini(&scene);
}

static void a_map_names_a_pool_and_its_features(void **state)
{
    static const char *const wrong[] = {
        "", "vcs", "=vcs", "vcs=", "v s=vcs", "vcs=a::b", "vcs=other"};
    struct scene scene;
    char error[200];

    (void)state;
    init(&scene, "vcs=a:b");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        print_message("# %s\n", wrong[i]);
        assert_int_equal(feature_map_add(&scene.map, wrong[i], error, sizeof error), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(scene.map.count, 1);
    assert_int_equal(feature_map_add(&scene.map, "hsim=b:c", error, sizeof error), 0);
    assert_int_equal(scene.map.features.count, 3);
    assert_int_equal(feature_map_index(&scene.map, "c"), 2);
    fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holders_use_is_not_outside),
        cmocka_unit_test(the_proven_login_counts),
        cmocka_unit_test(by_user_alone_machines_do_not_matter),
        cmocka_unit_test(what_the_list_does_not_name_is_outside),
        cmocka_unit_test(reservations_for_the_farm_are_not_outside),
        cmocka_unit_test(features_and_servers_add_up),
        cmocka_unit_test(nothing_falls_while_a_server_is_down),
        cmocka_unit_test(a_feature_that_nobody_serves_is_told),
        cmocka_unit_test(what_is_no_list_with_pools_is_refused),
        cmocka_unit_test(a_map_names_a_pool_and_its_features),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
