/* Files in which nobody else may have a hand. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own_file.h"

enum { PATH_SIZE = 100, SOMEBODY = 1234 };

static char folder[] = "/tmp/own_file.XXXXXX";

static const char *path_of(char path[PATH_SIZE], const char *name)
{
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

static void make(const char *path, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static struct own_file log_file(void)
{
    return (struct own_file){.flags = O_WRONLY | O_CREAT | O_APPEND,
                             .mode = 0644,
                             .not_by = S_IWGRP | S_IWOTH,
                             .owner = geteuid()};
}

static void expect_refused(const char *path, const struct own_file *file)
{
    char why[OWN_FILE_WHY_SIZE] = "";

    errno = 0;
    assert_int_equal(own_file_open(path, file, why), -1);
    assert_int_not_equal(errno, 0);
    assert_string_not_equal(why, "");
}

static void expect_opened(const char *path, const struct own_file *file)
{
    char why[OWN_FILE_WHY_SIZE] = "";
    int fd = own_file_open(path, file, why);

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
}

static void one_that_is_made_is_ours(void **state)
{
    const struct own_file file = log_file();
    char path[PATH_SIZE];

    (void)state;
    expect_opened(path_of(path, "new"), &file);
    expect_opened(path, &file);
    assert_int_equal(unlink(path), 0);
}

static void links_are_not_followed(void **state)
{
    const struct own_file file = log_file();
    char path[PATH_SIZE], target[PATH_SIZE], second[PATH_SIZE];

    (void)state;
    make(path_of(target, "target"), 0644);
    assert_int_equal(symlink(target, path_of(path, "link")), 0);
    expect_refused(path, &file);
    assert_int_equal(link(target, path_of(second, "second")), 0);
    expect_refused(second, &file);
    assert_int_equal(unlink(second) + unlink(path), 0);
    expect_opened(target, &file);
    assert_int_equal(symlink(path_of(second, "missing"), path), 0);
    expect_refused(path, &file);
    assert_int_equal(access(second, F_OK), -1);
    assert_int_equal(unlink(path) + unlink(target), 0);
}

static void what_is_no_file_is_refused_at_once(void **state)
{
    struct own_file file = log_file();
    char path[PATH_SIZE];

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0644), 0);
    expect_refused(path, &file);
    assert_int_equal(unlink(path), 0);
    expect_refused(folder, &file);
    file.owner = 0;
    file.flags = O_WRONLY;
    file.not_by = 0;
    expect_refused("/dev/null", &file);
    file.device = 1;
    expect_opened("/dev/null", &file);
}

static void one_that_others_can_write_is_refused(void **state)
{
    struct own_file file = log_file();
    char path[PATH_SIZE];

    (void)state;
    make(path_of(path, "group"), 0664);
    expect_refused(path, &file);
    file.not_by = S_IWOTH;
    expect_opened(path, &file);
    assert_int_equal(chmod(path, 0666), 0);
    expect_refused(path, &file);
    assert_int_equal(unlink(path), 0);
}

static void one_of_somebody_else_is_refused(void **state)
{
    struct own_file file = log_file();
    char path[PATH_SIZE];

    (void)state;
    if (geteuid() != 0) {
        print_message("# files of others are not tried, which needs root\n");
        return;
    }
    make(path_of(path, "other"), 0644);
    assert_int_equal(chown(path, SOMEBODY, SOMEBODY), 0);
    expect_refused(path, &file);
    file.owner = SOMEBODY;
    expect_opened(path, &file);
    assert_int_equal(unlink(path), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_made_is_ours),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(what_is_no_file_is_refused_at_once),
        cmocka_unit_test(one_that_others_can_write_is_refused),
        cmocka_unit_test(one_of_somebody_else_is_refused),
    };

    return cmocka_run_group_tests_name("own_file", tests, make_folder, remove_folder);
}
