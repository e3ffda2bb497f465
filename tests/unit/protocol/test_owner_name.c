/* Owners' names of the form HOST_PID_USER.
 * Must not need a lock table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "protocol/owner_name.h"

enum { NAME_SIZE = 256 };

static void names_have_host_pid_and_user(void **state)
{
    char name[NAME_SIZE];

    (void)state;
    owner_name_format(name, sizeof name, "farm7", 77, 0, "ann");
    assert_string_equal(name, "farm7_77_ann");
    owner_name_format(name, sizeof name, "farm7", 77, 4026532281, "ann");
    assert_string_equal(name, "farm7_77.4026532281_ann");
}

static void a_long_host_leaves_room_for_the_user(void **state)
{
    char name[NAME_SIZE], host[NAME_SIZE];

    (void)state;
    memset(host, 'h', sizeof host);
    host[sizeof host - 1] = '\0';
    owner_name_format(name, sizeof name, host, 77, 0, "ann");
    assert_int_equal(strlen(name), OWNER_NAME_HOST_MAX + strlen("_77_ann"));
    assert_string_equal(owner_name_user(name), "ann");
}

static void names_never_outgrow_their_room(void **state)
{
    char name[8] = "1234567";

    (void)state;
    owner_name_format(name, 7, "farm7", 77, 0, "ann");
    assert_string_equal(name, "farm7_");
    assert_int_equal(name[7], '\0');
}

static void users_are_found_in_owners(void **state)
{
    (void)state;
    assert_string_equal(owner_name_user("h_1_u"), "u");
    assert_string_equal(owner_name_user("my_host_1_u_2_v"), "u_2_v");
    assert_string_equal(owner_name_user("h_1.4026532281_u"), "u");
    assert_null(owner_name_user("h_1_"));
    assert_null(owner_name_user("_1_u"));
    assert_null(owner_name_user("h_x_u"));
    assert_null(owner_name_user("h__u"));
    assert_null(owner_name_user("h_1._u"));
    assert_null(owner_name_user("h_1.2.3_u"));
    assert_null(owner_name_user(""));
}

static void what_is_written_is_read_back(void **state)
{
    static const char *const users[] = {"ann", "a_b", "_", "1_2", "7"};
    char name[NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        owner_name_format(name, sizeof name, "host.farm.example.org", UINT64_MAX, UINT64_MAX,
                          users[i]);
        assert_string_equal(owner_name_user(name), users[i]);
        owner_name_format(name, sizeof name, "h", 1, 0, users[i]);
        assert_string_equal(owner_name_user(name), users[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_host_pid_and_user),
        cmocka_unit_test(a_long_host_leaves_room_for_the_user),
        cmocka_unit_test(names_never_outgrow_their_room),
        cmocka_unit_test(users_are_found_in_owners),
        cmocka_unit_test(what_is_written_is_read_back),
    };

    return cmocka_run_group_tests_name("owner name", tests, NULL, NULL);
}
