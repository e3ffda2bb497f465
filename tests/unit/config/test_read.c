/* Configuration files, read through the door of the room.
 * Must not need a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

static char folder[] = "/tmp/test_config.XXXXXX";
static char told[4096];

static void keep_fault(void *context, const char *text)
{
    const char *slash = strrchr(text, '/') != NULL ? strrchr(text, '/') + 1 : text;

    /* Of a fault that names a file in its text, too, all is kept but the folder. */
    (void)context;
    if (strncmp(text, folder, strlen(folder)) == 0)
        slash = text + strlen(folder) + 1;
    strncat(told, slash, sizeof told - strlen(told) - 1);
    strncat(told, "\n", sizeof told - strlen(told) - 1);
}

static char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct conf *read_text(const char *text)
{
    struct conf_faults faults = {.tell = keep_fault};
    struct conf *conf;

    told[0] = '\0';
    write_file("a", text);
    conf = conf_read(path_of("a"), &faults);
    assert_true((conf == NULL) == (faults.count > 0));
    return conf;
}

static const char *text_at(const struct conf *conf, const char *name)
{
    return conf_find(conf_root(conf), name)->text;
}

static void values_are_texts_as_options_have_them(void **state)
{
    struct conf *conf = read_text("a = 010; b = -5; c = 2.50; d = 0x10; e = true; f = \"x y\";\n"
                                  "g = 99999999999; h = 9223372036854775807L; i-2_x = 1e3; j=0;\n"
                                  "k = [1, 99999999999]; l = \"5\" # \"6\n; m = \"//\\\"\" // 5\n"
                                  "n = -9223372036854775808");

    (void)state;
    assert_non_null(conf);
    assert_string_equal(text_at(conf, "a"), "10");
    assert_string_equal(text_at(conf, "b"), "-5");
    assert_string_equal(text_at(conf, "c"), "2.5");
    assert_string_equal(text_at(conf, "d"), "16");
    assert_string_equal(text_at(conf, "e"), "true");
    assert_string_equal(text_at(conf, "f"), "x y");
    assert_string_equal(text_at(conf, "g"), "99999999999");
    assert_string_equal(text_at(conf, "h"), "9223372036854775807");
    assert_string_equal(text_at(conf, "i-2_x"), "1000");
    assert_string_equal(text_at(conf, "j"), "0");
    assert_string_equal(conf_find(conf_root(conf), "k")->children[1].text, "99999999999");
    assert_string_equal(text_at(conf, "m"), "//\"");
    assert_string_equal(text_at(conf, "n"), "-9223372036854775808");
    assert_int_equal(conf_find(conf_root(conf), "m")->line, 4);
    assert_int_equal(conf_find(conf_root(conf), "n")->line, 5);
    conf_free(conf);
}

static void integers_that_do_not_fit_are_faults(void **state)
{
    static const char *const large[] = {"9223372036854775808", "-9223372036854775809",
                                        "99999999999999999999L", "0xFFFFFFFFFFFFFFFF"};

    (void)state;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        char text[64];

        snprintf(text, sizeof text, "\na = [1,\n%s];", large[i]);
        assert_null(read_text(text));
        snprintf(text, sizeof text, "a:3: %s is too large\n", large[i]);
        assert_string_equal(told, text);
    }
}

static void lists_of_sections_in_several_files_are_one_list(void **state)
{
    struct conf *conf;
    const struct conf_node *pools;

    (void)state;
    write_file("b", "pools = ( { name = \"hsim\";\n seats = 2 } );");
    conf =
        read_text("pools = ( { name = \"vcs\"; seats = 40 }, { name = \"nc\" } );\n@include \"b\"");
    assert_non_null(conf);
    pools = conf_find(conf_root(conf), "pools");
    assert_int_equal(pools->kind, CONF_LIST);
    assert_int_equal(pools->count, 3);
    assert_string_equal(conf_find(&pools->children[2], "name")->text, "hsim");
    assert_int_equal(conf_find(&pools->children[2], "seats")->line, 2);
    assert_string_equal(strrchr(pools->children[2].file, '/'), "/b");
    assert_null(conf_find(&pools->children[2], "share"));
    conf_free(conf);
}

static void sections_of_one_name_are_a_fault(void **state)
{
    (void)state;
    write_file("b", "\npools = ( { name = \"vcs\" } ); x = ({ name = \"vcs\" })");
    assert_null(
        read_text("pools = ( { name = \"vcs\" },\n { name = \"nc\" },\n { name = \"nc\" } );"
                  "\n@include \"b\""));
    assert_non_null(strstr(told, "a:3: pools has a section named nc already, in "));
    assert_non_null(strstr(told, "pools has a section named vcs already, in "));
    assert_null(strstr(told, "x has"));
}

static void lists_of_values_are_not_joined(void **state)
{
    (void)state;
    write_file("b", "\n\nhost = [ \"b\" ]");
    assert_null(read_text("host = [ \"a\" ];\n@include \"b\""));
    assert_non_null(strstr(told, "b:3: host is set already, in "));
}

static void settings_that_say_the_same_are_the_same(void **state)
{
    struct conf *one = read_text("a = 5; p = ({ name = \"x\"; y = 1 })");
    struct conf *other = read_text("# moved\np = ( { name = \"x\"; y = 1 } );\na = 05;");
    struct conf *third = read_text("a = 5; p = ({ name = \"x\"; y = 2 })");

    (void)state;
    assert_true(conf_same(conf_find(conf_root(one), "p"), conf_find(conf_root(other), "p")));
    assert_true(conf_same(conf_find(conf_root(one), "a"), conf_find(conf_root(other), "a")));
    assert_false(conf_same(conf_find(conf_root(one), "p"), conf_find(conf_root(third), "p")));
    assert_false(conf_same(conf_find(conf_root(one), "p"), NULL));
    assert_true(conf_same(NULL, NULL));
    conf_free(one);
    conf_free(other);
    conf_free(third);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path_of("a"));
    unlink(path_of("b"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_texts_as_options_have_them),
        cmocka_unit_test(integers_that_do_not_fit_are_faults),
        cmocka_unit_test(lists_of_sections_in_several_files_are_one_list),
        cmocka_unit_test(sections_of_one_name_are_a_fault),
        cmocka_unit_test(lists_of_values_are_not_joined),
        cmocka_unit_test(settings_that_say_the_same_are_the_same),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
