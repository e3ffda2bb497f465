/* What was obtained: in the environment of a command, or for a shell to put into its own.
 * Must not let a shell do anything that a name says. */
#include "grant_format.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "list/member.h"

enum { VALUES = 5 };

/* A variable, and what it is to have; NULL: it is not to be there. */
struct value {
    const char *name, *text;
};

struct values {
    struct value value[VALUES];
    char token[24], seconds[32], pid[16];
};

static void find_values(struct values *values, const struct ipclocker *lock, pid_t pid)
{
    struct ipclocker_wait wait;
    bool has_token = ipclocker_token(lock) != 0;

    ipclocker_wait(lock, &wait);
    snprintf(values->token, sizeof values->token, "%" PRIu64, ipclocker_token(lock));
    snprintf(values->seconds, sizeof values->seconds, "%" PRId64 ".%03d", wait.waited_ms / 1000,
             (int)(wait.waited_ms % 1000));
    values->value[0] = (struct value){"LOCKERSH_LOCK", ipclocker_lock_name(lock)};
    values->value[1] = (struct value){"LOCKERSH_TOKEN", has_token ? values->token : NULL};
    values->value[2] = (struct value){"LOCKERSH_WAIT_SECONDS", values->seconds};
    snprintf(values->pid, sizeof values->pid, "%d", (int)pid);
    values->value[3] = (struct value){"LOCKERSH_OWNER", ipclocker_user(lock)};
    values->value[4] = (struct value){"LOCKERSH_PID", values->pid};
}

int grant_format_set_environment(const struct ipclocker *lock, pid_t pid)
{
    struct values values;
    int result = 0;

    find_values(&values, lock, pid);
    for (size_t i = 0; i < VALUES && result == 0; i++) {
        const struct value *value = &values.value[i];

        result = value->text != NULL ? setenv(value->name, value->text, 1) : unsetenv(value->name);
    }
    return result;
}

static void print_sh(const struct value *value, FILE *out)
{
    if (value->text == NULL) {
        fprintf(out, "unset %s;\n", value->name);
        return;
    }
    fprintf(out, "%s='", value->name);
    for (const char *c = value->text; *c != '\0'; c++) {
        if (*c == '\'')
            fputs("'\\''", out);
        else
            putc(*c, out);
    }
    fprintf(out, "'; export %s;\n", value->name);
}

/* Which csh leaves alone wherever they stand. */
static bool is_plain(unsigned char c)
{
    return c < 0x80 && (isalnum(c) || strchr(" ._:/+=,@-", c) != NULL);
}

/* Nothing that csh has for quoting keeps all characters from it: "!" is of the history even in
 * single quotes, and what comes from backquotes, as eval is given it, is a pattern for file names
 * again.  printf(1) writes them. */
static void print_csh_odd(const char *text, FILE *out)
{
    fputs("\"`printf '", out);
    for (const char *c = text; *c != '\0'; c++) {
        /* At the front it would begin an option of printf. */
        if (is_plain((unsigned char)*c) && (c > text || *c != '-'))
            putc(*c, out);
        else
            fprintf(out, "\\%03o", (unsigned char)*c);
    }
    fputs("'`\"", out);
}

static bool is_all_plain(const char *text)
{
    while (*text != '\0' && is_plain((unsigned char)*text))
        text++;
    return *text == '\0';
}

static void print_csh(const struct value *value, FILE *out)
{
    if (value->text == NULL) {
        fprintf(out, "unsetenv %s;\n", value->name);
        return;
    }
    fprintf(out, "setenv %s ", value->name);
    if (is_all_plain(value->text))
        fprintf(out, "'%s'", value->text);
    else
        print_csh_odd(value->text, out);
    fputs(";\n", out);
}

static struct json_object *names_of(const char *names)
{
    struct json_object *list = json_object_new_array();
    char *copy = strdup(names), *rest = copy, *name;
    bool is_whole = copy != NULL;

    while (is_whole && (name = strsep(&rest, " ")) != NULL)
        is_whole = member_append(list, member_new_text(name));
    free(copy);
    if (is_whole)
        return list;
    json_object_put(list);
    return NULL;
}

static int print_json(const struct ipclocker *lock, FILE *out)
{
    struct json_object *object = json_object_new_object();
    struct ipclocker_wait wait;
    int64_t token = (int64_t)ipclocker_token(lock);
    bool is_whole;

    ipclocker_wait(lock, &wait);
    is_whole =
        member_put(object, "locks", names_of(ipclocker_lock_name(lock))) &&
        member_put(object, "owner", member_new_text(ipclocker_user(lock))) &&
        (token == 0 || member_put(object, "token", json_object_new_int64(token))) &&
        member_put(object, "wait_seconds", json_object_new_double((double)wait.waited_ms / 1000));
    if (is_whole)
        fprintf(out, "%s\n",
                json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    errno = is_whole ? errno : ENOMEM;
    return is_whole ? 0 : -1;
}

static int print_plain(const struct ipclocker *lock, FILE *out)
{
    char *names = text_clean_dup(ipclocker_lock_name(lock));

    if (names == NULL)
        return -1;
    fprintf(out, "%s\n", names);
    free(names);
    return 0;
}

int grant_format_print(enum grant_format format, const struct ipclocker *lock, pid_t pid, FILE *out)
{
    struct values values;

    if (format == GRANT_JSON)
        return print_json(lock, out);
    if (format == GRANT_PLAIN)
        return print_plain(lock, out);
    find_values(&values, lock, pid);
    for (size_t i = 0; i < VALUES; i++)
        (format == GRANT_SH ? print_sh : print_csh)(&values.value[i], out);
    return 0;
}
