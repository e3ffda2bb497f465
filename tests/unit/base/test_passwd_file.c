/* Login names from files in the forms of nsswitch.conf(5) and passwd(5).
 * Must not go by the machine's own files, but where it compares with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/passwd_file.h"

enum { LONG_LINE = 5000 };

static const char usual[] = "# who is who\npasswd:         files systemd sss\ngroup: nis files\n";
static const char people[] =
    "root:x:0:0:root:/root:/bin/sh\nada:x:1001:1001:Ada:/home/ada:/bin/sh\n"
    "bob:x:1002:100::/home/bob:\n";

static char folder[] = "/tmp/test_passwd_file.XXXXXX", nsswitch[64], passwd[64];

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* What is found in the two files; "-" is nothing. */
static const char *login_of(const char *sources, const char *users, uid_t uid)
{
    static char login[32];

    write_file(nsswitch, sources);
    write_file(passwd, users);
    strcpy(login, "-");
    if (!passwd_file_find_login(nsswitch, passwd, uid, login, sizeof login))
        assert_string_equal(login, "-");
    return login;
}

static void a_user_is_found_by_number(void **state)
{
    (void)state;
    assert_string_equal(login_of(usual, people, 0), "root");
    assert_string_equal(login_of(usual, people, 1001), "ada");
    assert_string_equal(login_of(usual, people, 1002), "bob");
    assert_string_equal(login_of(usual, people, 100), "-");
    assert_string_equal(login_of("passwd:files\n", people, 1001), "ada");
    assert_string_equal(login_of("passwd: files# and no more\n", people, 1001), "ada");
}

static void where_another_source_may_come_first_nobody_is_found(void **state)
{
    static const char *const others[] = {
        "passwd: sss files\n",
        "passwd: compat\n",
        "passwd: filesystem\n",
        "passwd: files [SUCCESS=continue] sss\n",
        "passwd: files\n passwd: sss\n",
        "passwd:\n",
        "group: files\n",
        "passwd: sss",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_string_equal(login_of(others[i], people, 1001), "-");
}

/* As the C library reads that file: fgetpwent(3) has the same lines. */
static void lines_that_are_no_users_are_passed_over(void **state)
{
    static const char odd[] = "\n#root:x:0:0\n+ada:x:5:5:::\n-ada:x:5:5:::\nada\nada:x\n"
                              "ada:x:5\nada:x:5:\nada:x:5::Ada:/:/bin/sh\nada:x:5:users:::\n"
                              "ada:x:5x:5:::\nada:x::5:::\nada:x:4294967301:5:::\n"
                              "  eve:x:5:5:::\neva:x:5:5:::\ntoor:x: 7:0:::\nroot:x:7:0:::\n";

    (void)state;
    assert_string_equal(login_of(usual, odd, 5), "eve");
    assert_string_equal(login_of(usual, odd, 0), "-");
    assert_string_equal(login_of(usual, odd, 7), "toor");
}

static void a_name_that_is_too_long_is_not_cut_short(void **state)
{
    static const char users[] = "a-name-that-is-really-much-too-long:x:5:5:::\nada:x:5:5:::\n";

    (void)state;
    assert_string_equal(login_of(usual, users, 5), "-");
}

static void long_files_are_read_to_the_end(void **state)
{
    size_t size = 1 << 17, len = 0;
    char *users = malloc(size);

    (void)state;
    assert_non_null(users);
    for (unsigned uid = 1000; uid < 3000; uid++)
        len += (size_t)snprintf(users + len, size - len, "user%u:x:%u:100::/home/user%u:/bin/sh\n",
                                uid, uid, uid);
    assert_string_equal(login_of(usual, users, 1000), "user1000");
    assert_string_equal(login_of(usual, users, 2999), "user2999");
    assert_string_equal(login_of(usual, users, 3000), "-");
    free(users);
}

static void behind_a_line_without_end_nobody_is_found(void **state)
{
    char users[LONG_LINE + sizeof people + 8];

    (void)state;
    memset(users, 'x', LONG_LINE);
    snprintf(users + LONG_LINE, sizeof users - LONG_LINE, "\n%s", people);
    assert_string_equal(login_of(usual, users, 1001), "-");
}

static void without_a_file_nobody_is_found(void **state)
{
    char login[32] = "as before";

    (void)state;
    write_file(nsswitch, usual);
    unlink(passwd);
    assert_false(passwd_file_find_login(nsswitch, passwd, 0, login, sizeof login));
    write_file(passwd, people);
    unlink(nsswitch);
    assert_false(passwd_file_find_login(nsswitch, passwd, 0, login, sizeof login));
    assert_string_equal(login, "as before");
}

static void all_of_this_machine_are_found_as_the_database_finds_them(void **state)
{
    char login[256];
    uid_t uids[64];
    size_t count = 0;

    (void)state;
    setpwent();
    for (const struct passwd *user; count < 64 && (user = getpwent()) != NULL;)
        uids[count++] = user->pw_uid;
    endpwent();
    for (size_t i = 0; i < count; i++) {
        const struct passwd *user = getpwuid(uids[i]);

        if (passwd_file_find_login("/etc/nsswitch.conf", "/etc/passwd", uids[i], login,
                                   sizeof login))
            assert_string_equal(login, user->pw_name);
    }
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(nsswitch, sizeof nsswitch, "%s/nsswitch.conf", folder);
    snprintf(passwd, sizeof passwd, "%s/passwd", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(nsswitch);
    unlink(passwd);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_found_by_number),
        cmocka_unit_test(where_another_source_may_come_first_nobody_is_found),
        cmocka_unit_test(lines_that_are_no_users_are_passed_over),
        cmocka_unit_test(a_name_that_is_too_long_is_not_cut_short),
        cmocka_unit_test(long_files_are_read_to_the_end),
        cmocka_unit_test(behind_a_line_without_end_nobody_is_found),
        cmocka_unit_test(without_a_file_nobody_is_found),
        cmocka_unit_test(all_of_this_machine_are_found_as_the_database_finds_them),
    };

    return cmocka_run_group_tests_name("passwd_file", tests, make_folder, remove_folder);
}
