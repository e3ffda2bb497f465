/* Sets options of lockersh that its command line leaves open from clients' files.
 * Must not judge what the library reads there: that says so itself, where it needs it. */
#include "file_defaults.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/likeness.h"
#include "cli/message.h"
#include "cli/option_value.h"

const struct file_defaults_server file_defaults_server[FILE_DEFAULTS_SERVER_COUNT] = {
    {"host", "IPCLOCKER_HOST", "localhost"},
    {"path", "", ""},
    {"port", "IPCLOCKER_PORT", ""},
    {"auth", "IPCLOCKER_AUTH", "auto"},
    {"munge-socket", "IPCLOCKER_MUNGE_SOCKET", ""},
};

bool file_defaults_is_auth(const char *value)
{
    return strcmp(value, "auto") == 0 || strcmp(value, "munge") == 0 || strcmp(value, "none") == 0;
}

const struct option_spec *file_defaults_row(const struct option_spec *table, const char *name)
{
    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        if (row->client_default != NULL && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static bool is_of_server(const char *name)
{
    for (size_t i = 0; i < FILE_DEFAULTS_SERVER_COUNT; i++) {
        if (strcmp(file_defaults_server[i].name, name) == 0)
            return true;
    }
    return false;
}

bool file_defaults_knows(const struct option_spec *table, const char *name)
{
    return is_of_server(name) || file_defaults_row(table, name) != NULL;
}

static void look_at(const char *name, const char *known, const char **like, size_t *best)
{
    size_t apart = likeness_distance(name, strlen(name), known, strlen(known));

    if (apart >= *best)
        return;
    *best = apart;
    *like = known;
}

static bool is_option(const struct option_spec *table, const char *name)
{
    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        if (row->type != OPTION_GROUP && strcmp(row->name, name) == 0)
            return true;
    }
    return false;
}

int file_defaults_tell_unknown(const struct option_spec *table,
                               const struct defaults_setting *setting, int status)
{
    size_t best = likeness_limit(strlen(setting->name));
    const char *like = NULL;
    char shown[MESSAGE_EXCERPT_SIZE];

    message_excerpt(shown, setting->name, strlen(setting->name));
    if (is_option(table, setting->name))
        return cli_error(
            "lockersh", status,
            "%s:%u: %s goes on command lines only; farmlock-client.conf(5) has what can be set "
            "there",
            setting->file, setting->line, shown);
    for (size_t i = 0; i < FILE_DEFAULTS_SERVER_COUNT; i++)
        look_at(setting->name, file_defaults_server[i].name, &like, &best);
    for (const struct option_spec *row = table; row->type != OPTION_END; row++) {
        if (row->client_default != NULL)
            look_at(setting->name, row->name, &like, &best);
    }
    return cli_error("lockersh", status,
                     "%s:%u: unknown setting %s%s%s; see farmlock-client.conf(5)", setting->file,
                     setting->line, shown, like != NULL ? "; did you mean " : "",
                     like != NULL ? like : "");
}

static void keep_complaint(void *context, const char *text)
{
    snprintf(context, OPTIONS_ERROR_SIZE, "%s", text);
}

int file_defaults_set(const struct option_spec *row, const struct defaults_setting *setting,
                      struct lockersh_options *options)
{
    const char *value = setting->value;
    bool negated = strcmp(value, "false") == 0;
    char error[OPTIONS_ERROR_SIZE] = "";
    int status;

    if (row->argument == NULL && !negated && strcmp(value, "true") != 0)
        return cli_error("lockersh", EX_USAGE, "%s:%u: %s is true or false", setting->file,
                         setting->line, row->name);
    message_divert(keep_complaint, error);
    status = option_value_set(row, row->argument == NULL && negated,
                              row->argument != NULL ? value : NULL, options, error);
    message_divert(NULL, NULL);
    /* An option's complaint is about --NAME; here it has no dashes. */
    if (status != 0)
        return cli_error("lockersh", EX_USAGE, "%s:%u: %s", setting->file, setting->line,
                         strncmp(error, "--", 2) == 0 ? error + 2 : error);
    return 0;
}

/* What an option that was given leaves no sense to. */
static bool is_out_of_place(const struct lockersh_options *options, const char *name, bool talks)
{
    if (strcmp(name, "timeout") == 0)
        return options->nonblock;
    if (strcmp(name, "quiet") == 0 || strcmp(name, "verbose") == 0)
        return talks;
    /* They reach processes of this host only. */
    return options->for_pid.host[0] != '\0' &&
           (strcmp(name, "on-lost") == 0 || strcmp(name, "warn") == 0);
}

static int set_all(struct lockersh_options *options, const struct option_spec *table,
                   const bool given[OPTIONS_ROWS_MAX])
{
    const bool talks = options->quiet || options->verbose;
    const struct defaults_setting *setting;
    int status = 0;

    for (size_t i = 0; status == 0 && (setting = defaults_at(options->defaults, i)) != NULL; i++) {
        const struct option_spec *row = file_defaults_row(table, setting->name);

        if (row != NULL && !given[row - table] && !is_out_of_place(options, row->name, talks) &&
            defaults_find(options->defaults, row->name) == setting)
            status = file_defaults_set(row, setting, options);
    }
    return status;
}

/* Of two files that set one each, the one of the higher rank counts. */
static int settle_talk(struct lockersh_options *options)
{
    const struct defaults_setting *quiet = defaults_find(options->defaults, "quiet"),
                                  *verbose = defaults_find(options->defaults, "verbose");

    if (!options->quiet || !options->verbose)
        return 0;
    if (strcmp(quiet->file, verbose->file) == 0)
        return cli_error("lockersh", EX_USAGE, "%s:%u: choose one of quiet and verbose",
                         quiet->file, quiet->line > verbose->line ? quiet->line : verbose->line);
    if (quiet < verbose)
        options->verbose = false;
    else
        options->quiet = false;
    return 0;
}

static void warn_of_unknown(const struct lockersh_options *options, const struct option_spec *table)
{
    const struct defaults_setting *setting;

    for (size_t i = 0; (setting = defaults_at(options->defaults, i)) != NULL; i++) {
        if (!file_defaults_knows(table, setting->name))
            file_defaults_tell_unknown(table, setting, 0);
    }
}

int file_defaults_apply(struct lockersh_options *options, const struct option_spec *table,
                        const bool given[OPTIONS_ROWS_MAX])
{
    char error[DEFAULTS_ERROR_SIZE];
    int status;

    options->defaults = defaults_read(error);
    if (options->defaults == NULL)
        return cli_error("lockersh", errno == EINVAL ? EX_USAGE : EX_OSERR, "%s", error);
    status = set_all(options, table, given);
    if (status == 0)
        status = settle_talk(options);
    if (status != 0)
        return status;
    if (!options->quiet && options->action != LOCKERSH_SHOW_CONFIG)
        warn_of_unknown(options, table);
    return -1;
}
