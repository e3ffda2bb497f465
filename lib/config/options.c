/* Sets a program's options from its configuration file, under its command line.
 * Must not have a list of options: the program's table is the only one. */
#include "options.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/likeness.h"
#include "cli/message.h"
#include "cli/option_name.h"
#include "cli/option_value.h"

static bool is_setting(const struct option_spec *row)
{
    return row->type != OPTION_GROUP && row->type < OPTION_HELP && !row->not_in_file;
}

static const struct option_spec *find_row(const struct option_spec *table, const char *name)
{
    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        if (is_setting(row) && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static bool is_other(const struct conf_options *options, const char *name)
{
    const char *const *other = options->others != NULL ? options->others->names : NULL;

    while (other != NULL && *other != NULL && strcmp(*other, name) != 0)
        other++;
    return other != NULL && *other != NULL;
}

/* What a name is most like, of those that were looked at. */
struct likeness {
    const char *name, *like;
    size_t best;
};

static void look_at(struct likeness *likeness, const char *name)
{
    size_t apart = likeness_distance(likeness->name, strlen(likeness->name), name, strlen(name));

    if (apart >= likeness->best)
        return;
    likeness->best = apart;
    likeness->like = name;
}

static void tell_of_unknown(const struct conf_options *options, const struct conf_node *node,
                            struct conf_faults *faults)
{
    size_t len = strlen(node->name);
    struct likeness likeness = {.name = node->name, .best = likeness_limit(len)};
    const char *like;
    char shown[MESSAGE_EXCERPT_SIZE];

    for (const struct option_spec *row = options->line->options; row->type != OPTION_END; row++) {
        if (is_setting(row))
            look_at(&likeness, row->name);
    }
    for (size_t i = 0; options->others != NULL && options->others->names[i] != NULL; i++)
        look_at(&likeness, options->others->names[i]);
    like = likeness.like;
    conf_fault(faults, node, "unknown setting %s%s%s%s", message_excerpt(shown, node->name, len),
               like != NULL ? "; did you mean " : "", like != NULL ? like : "",
               like != NULL ? "?" : "");
}

static void keep_complaint(void *context, const char *text)
{
    snprintf(context, OPTIONS_ERROR_SIZE, "%s", text);
}

static void take_value(const struct option_spec *row, const struct conf_node *node, bool negated,
                       void *settings, struct conf_faults *faults)
{
    char error[OPTIONS_ERROR_SIZE] = "";
    int status;

    message_divert(keep_complaint, error);
    status =
        option_value_set(row, negated, row->argument != NULL ? node->text : NULL, settings, error);
    message_divert(NULL, NULL);
    /* An option's complaint is about --NAME; here it has no dashes. */
    if (status != 0)
        conf_fault(faults, node, "%s", strncmp(error, "--", 2) == 0 ? error + 2 : error);
}

/* What may stand behind the name of an option. */
static const char *find_objection(const struct option_spec *row, const struct conf_node *node)
{
    if (row->argument == NULL)
        return node->kind == CONF_SWITCH ? NULL : "is true or false";
    if (node->kind == CONF_TEXT || node->kind == CONF_NUMBER)
        return NULL;
    return row->repeats ? "is a text, or a list of texts" : "is a text or a number";
}

static void take_node(const struct option_spec *row, const struct conf_node *node, bool skip,
                      void *settings, struct conf_faults *faults)
{
    bool is_list = node->kind == CONF_LIST && row->repeats;

    for (size_t i = 0; i < (is_list ? node->count : 1); i++) {
        const struct conf_node *value = is_list ? &node->children[i] : node;
        const char *objection = find_objection(row, value);
        bool negated = value->text != NULL && row->argument == NULL && value->text[0] == 'f';

        if (objection != NULL)
            conf_fault(faults, value, "%s %s", row->name, objection);
        else if (!skip && !(negated && row->type == OPTION_CALL))
            take_value(row, value, negated, settings, faults);
    }
}

static void take_file(const struct conf_options *options, const struct conf *file, void *settings,
                      struct conf_faults *faults)
{
    const struct conf_node *root = conf_root(file);
    const struct option_spec *table = options->line->options;

    for (size_t i = 0; i < root->count; i++) {
        const struct conf_node *node = &root->children[i];
        const struct option_spec *row = find_row(table, node->name);

        if (row == NULL && !is_other(options, node->name))
            tell_of_unknown(options, node, faults);
        else if (row != NULL)
            take_node(row, node, options->given[row - table], settings, faults);
    }
}

/* Which file is to be read; NULL: none. */
static const char *choose_path(const struct conf_options *options, const char *asked)
{
    if (asked != NULL)
        return strcmp(asked, "none") == 0 ? NULL : asked;
    /* One that cannot be looked at is there, and will be complained of. */
    return access(options->usual_path, F_OK) == 0 || errno != ENOENT ? options->usual_path : NULL;
}

static void read_others(const struct conf_options *options, const struct conf *file, void *settings,
                        struct conf_faults *faults)
{
    static const struct conf_node nothing = {
        .kind = CONF_SECTION, .file = "no configuration file", .line = 1};

    if (options->others != NULL)
        options->others->read(settings, file != NULL ? conf_root(file) : &nothing, faults);
}

static int read_all(const struct conf_options *options, void *settings, struct conf **file,
                    struct conf_faults *faults)
{
    bool given[OPTIONS_ROWS_MAX];
    size_t before = faults->count;

    memcpy(settings, options->defaults, options->size);
    *file = NULL;
    if (options->path != NULL) {
        *file = conf_read(options->path, faults);
        if (*file != NULL)
            take_file(options, *file, settings, faults);
    }
    /* A file that cannot be read has been told of. */
    if (options->path == NULL || *file != NULL)
        read_others(options, *file, settings, faults);
    if (faults->count == before && command_line_parse_options(options->line, options->argc,
                                                              options->argv, settings, given) < 0)
        return 0;
    if (options->others != NULL)
        options->others->drop(settings);
    conf_free(*file);
    *file = NULL;
    return -1;
}

static void print_understood(const struct conf_options *options, const void *settings)
{
    const struct option_spec *table = options->line->options;

    if (options->file == NULL)
        printf("# there is no configuration file\n");
    else
        conf_print(options->file, stdout);
    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        if (is_setting(row) && options->given[row - table])
            printf("# --%s of the command line counts\n", row->name);
    }
    if (options->others != NULL)
        options->others->print(settings, stdout);
}

static void tell_at_start(void *context, const char *text)
{
    cli_error(context, 0, "%s", text);
}

int conf_options_begin(struct conf_options *options, int argc, char **argv, void *settings)
{
    struct conf_faults faults = {.tell = tell_at_start, .context = (void *)options->line->program};
    const struct conf_options_asked *asked = (const void *)((char *)settings + options->asked);
    int status;

    memcpy(settings, options->defaults, options->size);
    status = command_line_parse_options(options->line, argc, argv, settings, options->given);
    if (status >= 0)
        return status;
    options->argc = argc;
    options->argv = argv;
    options->path = choose_path(options, asked->path);
    if (read_all(options, settings, &options->file, &faults) != 0)
        return EX_CONFIG;
    if (options->judge != NULL && (status = options->judge(settings)) != 0)
        return status;
    if (!asked->check)
        return -1;
    print_understood(options, settings);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return 0;
    return cli_error(options->line->program, EX_OSERR, "cannot write the output: %s",
                     error_text(errno));
}

static void tell_late(const struct conf_options *options, const struct conf *now,
                      struct conf_faults *late)
{
    const struct option_spec *table = options->line->options;

    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        const struct conf_node *was, *is;

        if (!row->at_start || options->given[row - table])
            continue;
        was = options->file != NULL ? conf_find(conf_root(options->file), row->name) : NULL;
        is = now != NULL ? conf_find(conf_root(now), row->name) : NULL;
        if (!conf_same(was, is))
            conf_fault(late, is != NULL ? is : was, "%s counts from the next start of %s on",
                       row->name, options->line->program);
    }
}

int conf_options_again(const struct conf_options *options, void *settings, struct conf **file,
                       struct conf_faults *faults, struct conf_faults *late)
{
    if (read_all(options, settings, file, faults) != 0)
        return -1;
    tell_late(options, *file, late);
    return 0;
}
