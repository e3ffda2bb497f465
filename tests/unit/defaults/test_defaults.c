/* Clients' files: which are read, what of two counts, and which are refused.
 * Must not need a file that this machine has, or has not. */
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

#include "defaults/settings.h"
#include "defaults/source.h"

static char folder[] = "/tmp/farmlock-defaults-XXXXXX";
static char path[64];
static char error[DEFAULTS_ERROR_SIZE];

static void write_file(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/client.conf", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int add(struct defaults *defaults, size_t index, const char *name, const char *text)
{
    struct defaults_file *file = &defaults->files[index];

    file->path = file->owned_path = strdup(name);
    file->text = strdup(text);
    assert_non_null(file->path);
    assert_non_null(file->text);
    return defaults_add(defaults, file, error);
}

static struct defaults *new_defaults(void)
{
    struct defaults *defaults = calloc(1, sizeof *defaults);

    assert_non_null(defaults);
    return defaults;
}

static void the_first_file_goes_before_the_second(void **state)
{
    struct defaults *defaults = new_defaults();
    const struct defaults_setting *host;
    bool is_there;

    (void)state;
    assert_int_equal(add(defaults, 0, "user", "\n# mine\nhost = farm1\n"), 0);
    assert_int_equal(add(defaults, 1, "etc", "port = 1800\nhost = farm2"), 0);
    host = defaults_find(defaults, "host");
    assert_non_null(host);
    assert_string_equal(host->value, "farm1");
    assert_string_equal(host->file, "user");
    assert_int_equal(host->line, 3);
    assert_string_equal(defaults_find(defaults, "port")->file, "etc");
    assert_null(defaults_find(defaults, "auth"));
    assert_ptr_equal(defaults_at(defaults, 0), host);
    assert_string_equal(defaults_at(defaults, 2)->value, "farm2");
    assert_null(defaults_at(defaults, 3));
    assert_string_equal(defaults_file(defaults, 1, &is_there), "etc");
    assert_true(is_there);
    defaults_free(defaults);
}

static void a_server_of_the_first_file_goes_before_any_of_the_second(void **state)
{
    struct defaults *defaults = new_defaults();

    (void)state;
    assert_null(defaults_find_server(defaults));
    assert_int_equal(add(defaults, 0, "user", "path = /run/lockerd\n"), 0);
    assert_int_equal(add(defaults, 1, "etc", "host = farm2\n"), 0);
    assert_string_equal(defaults_find_server(defaults)->value, "/run/lockerd");
    defaults_free(defaults);
    defaults = new_defaults();
    assert_int_equal(add(defaults, 0, "user", "host = farm1\n"), 0);
    assert_int_equal(add(defaults, 1, "etc", "path = /run/lockerd\n"), 0);
    assert_string_equal(defaults_find_server(defaults)->value, "farm1");
    defaults_free(defaults);
}

static void refuse_text(const char *text, const char *what)
{
    struct defaults *defaults = new_defaults();

    errno = 0;
    assert_int_equal(add(defaults, 0, "user", text), -1);
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(error, what));
    defaults_free(defaults);
}

static void a_fault_is_told_with_file_and_line(void **state)
{
    static char many[8 * 300];
    char *end = many;

    (void)state;
    refuse_text("host = a\n\nfarm1\n", "user:3: this is no setting");
    refuse_text("host = a\nport = 1\nhost = b\n", "user:3: host is set in line 1 already");
    refuse_text("host = a\npath = /b\n", "user:2: choose one of path and host, which line 1 sets");
    refuse_text("path = /b\nhost = a\n", "user:2: choose one of host and path, which line 1 sets");
    for (int i = 0; i < 257; i++)
        end += sprintf(end, "a%d=1\n", i);
    refuse_text(many, "user:257: the file has more than 256 settings");
}

static int read_source(enum defaults_source source, char **text)
{
    errno = 0;
    *text = (char *)"unset";
    return defaults_source_read(path, source, text, error);
}

static void refuse_source(enum defaults_source source, const char *what)
{
    char *text;

    assert_int_equal(read_source(source, &text), -1);
    assert_int_equal(errno, EINVAL);
    assert_string_equal(text, "unset");
    assert_non_null(strstr(error, what));
    assert_non_null(strstr(error, path));
}

static void a_file_that_is_missing_is_missed_only_where_it_was_named(void **state)
{
    char *text;

    (void)state;
    unlink(path);
    assert_int_equal(read_source(SOURCE_HOME, &text), 0);
    assert_null(text);
    assert_int_equal(read_source(SOURCE_SYSTEM, &text), 0);
    assert_null(text);
    refuse_source(SOURCE_NAMED, "No such file or directory; name another, or set FARMLOCK_CONF");
}

static void a_file_is_read_whole(void **state)
{
    char *text;

    (void)state;
    write_file("host = a", 8);
    assert_int_equal(read_source(SOURCE_HOME, &text), 0);
    assert_string_equal(text, "host = a");
    free(text);
    write_file("", 0);
    assert_int_equal(read_source(SOURCE_NAMED, &text), 0);
    assert_string_equal(text, "");
    free(text);
}

static void what_is_no_plain_text_is_refused(void **state)
{
    static char large[65537];

    (void)state;
    write_file("host\0= a", 8);
    refuse_source(SOURCE_NAMED, "NUL");
    memset(large, '\n', sizeof large);
    write_file(large, sizeof large);
    refuse_source(SOURCE_SYSTEM, "more than 65536 bytes");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuse_source(SOURCE_NAMED, "no regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refuse_source(SOURCE_HOME, "no regular file");
    rmdir(path);
}

static void a_file_that_everybody_can_write_is_not_believed(void **state)
{
    (void)state;
    write_file("host = a\n", 9);
    assert_int_equal(chmod(path, 0666), 0);
    refuse_source(SOURCE_SYSTEM, "can be written by everybody; take that from them (chmod o-w)");
    unlink(path);
}

static void the_variable_can_switch_files_off(void **state)
{
    struct defaults *defaults;
    bool is_there;

    (void)state;
    setenv("FARMLOCK_CONF", "none", 1);
    setenv("HOME", folder, 1);
    defaults = defaults_read(error);
    assert_non_null(defaults);
    assert_null(defaults_at(defaults, 0));
    assert_null(defaults_file(defaults, 0, &is_there));
    assert_null(defaults_file(defaults, 1, &is_there));
    defaults_free(defaults);
}

static void a_file_that_is_named_stands_for_the_users_own(void **state)
{
    struct defaults *defaults;
    bool is_there;

    (void)state;
    write_file("host = a\n", 9);
    setenv("FARMLOCK_CONF", path, 1);
    setenv("HOME", "/nowhere", 1);
    defaults = defaults_read(error);
    assert_non_null(defaults);
    assert_string_equal(defaults_at(defaults, 0)->file, path);
    assert_string_equal(defaults_file(defaults, 0, &is_there), path);
    assert_true(is_there);
    assert_string_equal(defaults_file(defaults, 1, &is_there), DEFAULTS_SYSTEM_PATH);
    defaults_free(defaults);
    unlink(path);
    assert_null(defaults_read(error));
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_file_goes_before_the_second),
        cmocka_unit_test(a_server_of_the_first_file_goes_before_any_of_the_second),
        cmocka_unit_test(a_fault_is_told_with_file_and_line),
        cmocka_unit_test(a_file_that_is_missing_is_missed_only_where_it_was_named),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_is_no_plain_text_is_refused),
        cmocka_unit_test(a_file_that_everybody_can_write_is_not_believed),
        cmocka_unit_test(the_variable_can_switch_files_off),
        cmocka_unit_test(a_file_that_is_named_stands_for_the_users_own),
    };

    return cmocka_run_group_tests_name("defaults", tests, make_folder, remove_folder);
}
