/* Prints what holds, and what is wrong with clients' files.
 * Must not talk to a server. */
#include "show_config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/error_text.h"
#include "base/text.h"
#include "cli/message.h"
#include "file_defaults.h"
#include "holding.h"
#include "ipclocker.h"
#include "list/member.h"

struct checking {
    struct ipclocker *lock; /* knows what hosts and ports are */
    const struct option_spec *table;
    int status;
};

/* What is wrong with the value of a setting of the library's; NULL: nothing. */
static const char *find_objection(const struct checking *checking, const char *name,
                                  const char *value)
{
    int result = 0;

    if (strcmp(name, "host") == 0)
        result = ipclocker_set_hosts(checking->lock, value);
    else if (strcmp(name, "path") == 0)
        result = ipclocker_set_path(checking->lock, value);
    else if (strcmp(name, "port") == 0)
        result = ipclocker_set_port(checking->lock, value);
    else if (strcmp(name, "auth") == 0 && !file_defaults_is_auth(value))
        return "it is none of auto, munge and none";
    return result == 0 ? NULL : ipclocker_error(checking->lock);
}

static void check_setting(struct checking *checking, const struct defaults_setting *setting)
{
    const struct option_spec *row = file_defaults_row(checking->table, setting->name);
    struct lockersh_options scratch = {0};
    const char *objection;

    if (row != NULL) {
        if (file_defaults_set(row, setting, &scratch) != 0)
            checking->status = EX_USAGE;
    } else if (!file_defaults_knows(checking->table, setting->name)) {
        checking->status = file_defaults_tell_unknown(checking->table, setting, EX_USAGE);
    } else if ((objection = find_objection(checking, setting->name, setting->value)) != NULL) {
        checking->status = cli_error("lockersh", EX_USAGE, "%s:%u: %s: %s", setting->file,
                                     setting->line, setting->name, objection);
    }
}

static bool check_holding(void *context, const struct holding *holding)
{
    struct checking *checking = context;
    const char *objection = NULL;

    if (holding->source == HOLDING_OPTION || holding->source == HOLDING_VARIABLE)
        objection = find_objection(checking, holding->name, holding->value);
    if (objection != NULL)
        checking->status =
            cli_error("lockersh", EX_USAGE, "%s%s: %s",
                      holding->source == HOLDING_OPTION ? "--" : "", holding->by, objection);
    return true;
}

/* Returns 0, EX_USAGE after all that is wrong, or EX_OSERR. */
static int check(const struct lockersh_options *options, const struct option_spec *table,
                 const struct options_outcome *given)
{
    struct checking checking = {.lock = ipclocker_create(), .table = table};
    const struct defaults_setting *setting;

    if (checking.lock == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    for (size_t i = 0; (setting = defaults_at(options->defaults, i)) != NULL; i++)
        check_setting(&checking, setting);
    holding_find_all(options, table, given, check_holding, &checking);
    ipclocker_destroy(checking.lock);
    return checking.status;
}

static void print_clean(const char *text)
{
    char *clean = text_clean_dup(text);

    fputs(clean != NULL ? clean : "", stdout);
    free(clean);
}

/* "host = farm1"; returns how wide that is. */
static int print_value(const struct holding *holding)
{
    const char *value = holding->value;
    char *clean = text_clean_dup(value);
    const char *quote = strchr(value, '#') != NULL ? "\"" : "";
    int width = printf("%s = %s%s%s", holding->name, quote, clean != NULL ? clean : "", quote);

    free(clean);
    return width;
}

static bool print_holding(void *context, const struct holding *holding)
{
    enum { COLUMN = 32 };
    int width;

    (void)context;
    if (holding->value == NULL) {
        printf("# %s is not set\n", holding->name);
        return true;
    }
    width = print_value(holding);
    printf("%*s# ", width < COLUMN ? COLUMN - width : 1, "");
    if (holding->source == HOLDING_FILE) {
        print_clean(holding->setting->file);
        printf(":%u\n", holding->setting->line);
    } else if (holding->source == HOLDING_USUAL) {
        puts("built in");
    } else {
        printf("%s%s\n", holding->source == HOLDING_OPTION ? "option --" : "variable ",
               holding->by);
    }
    return true;
}

static void print_text(const struct lockersh_options *options, const struct option_spec *table,
                       const struct options_outcome *given)
{
    bool reads = false;

    for (size_t i = 0; i < DEFAULTS_FILES; i++) {
        bool is_there;
        const char *path = defaults_file(options->defaults, i, &is_there);

        if (path == NULL)
            continue;
        fputs("# ", stdout);
        print_clean(path);
        puts(is_there ? " is read" : " is not there");
        reads = true;
    }
    if (!reads)
        puts("# " DEFAULTS_VARIABLE " is none: no file is read");
    holding_find_all(options, table, given, print_holding, NULL);
}

static bool add_holding(void *context, const struct holding *holding)
{
    static const char *const words[] = {[HOLDING_OPTION] = "option",
                                        [HOLDING_VARIABLE] = "variable",
                                        [HOLDING_FILE] = "file",
                                        [HOLDING_USUAL] = "built-in"};
    struct json_object *entry = json_object_new_object();
    bool whole = member_put(entry, "name", json_object_new_string(holding->name)) &&
                 member_put(entry, "from", json_object_new_string(words[holding->source]));

    if (whole && holding->value != NULL)
        whole = member_put(entry, "value", member_new_text(holding->value));
    if (whole && holding->source == HOLDING_FILE)
        whole = member_put(entry, "file", member_new_text(holding->setting->file)) &&
                member_put(entry, "line", json_object_new_int64(holding->setting->line));
    else if (whole && holding->source != HOLDING_USUAL)
        whole = member_put(entry, "by", json_object_new_string(holding->by));
    if (whole)
        return member_append(context, entry);
    json_object_put(entry);
    return false;
}

static struct json_object *new_files(const struct lockersh_options *options)
{
    struct json_object *files = json_object_new_array();

    for (size_t i = 0; i < DEFAULTS_FILES; i++) {
        bool is_there;
        const char *path = defaults_file(options->defaults, i, &is_there);
        struct json_object *entry = path != NULL ? json_object_new_object() : NULL;

        if (path != NULL && member_put(entry, "path", member_new_text(path)) &&
            member_put(entry, "read", json_object_new_boolean(is_there)))
            member_append(files, entry);
        else
            json_object_put(entry);
    }
    return files;
}

static int print_json(const struct lockersh_options *options, const struct option_spec *table,
                      const struct options_outcome *given)
{
    struct json_object *document = json_object_new_object(), *settings = json_object_new_array();
    const char *text = NULL;

    if (settings != NULL)
        holding_find_all(options, table, given, add_holding, settings);
    if (member_put(document, "version", json_object_new_int64(1)) &&
        member_put(document, "files", new_files(options)) &&
        member_put(document, "settings", settings))
        text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text != NULL)
        puts(text);
    json_object_put(document);
    return text != NULL ? 0 : cli_error("lockersh", EX_OSERR, "out of memory");
}

int show_config(const struct lockersh_options *options, const struct option_spec *table,
                const struct options_outcome *given)
{
    int status = check(options, table, given);

    if (options->json && status != EX_OSERR)
        status = print_json(options, table, given) != 0 ? EX_OSERR : status;
    else if (!options->json)
        print_text(options, table, given);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    return cli_error("lockersh", status != 0 ? status : EX_OSERR, "cannot write the output: %s",
                     error_text(errno));
}
