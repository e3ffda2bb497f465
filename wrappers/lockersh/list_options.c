/* Options of lockersh that are about what --locklist shows.
 * Must not talk to a server. */
#include "list_options.h"

#include <ctype.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/user_database.h"
#include "cli/message.h"
#include "options.h"

static struct list_filter *filter_of(void *context)
{
    return &((struct lockersh_options *)context)->list.view.filter;
}

int list_options_take_job(void *context, const char *id)
{
    char shown[MESSAGE_EXCERPT_SIZE];

    for (const char *c = id; *c != '\0'; c++) {
        if (!isgraph((unsigned char)*c))
            return cli_error("lockersh", EX_USAGE, "--job \"%s\" is no job's id",
                             message_excerpt(shown, id, strlen(id)));
    }
    if (*id == '\0')
        return cli_error("lockersh", EX_USAGE,
                         "--job needs the id of a job, as the scheduler writes it: 4711_3");
    filter_of(context)->job = id;
    return 0;
}

static int take_names(const char *option, struct name_list *names, const char *text)
{
    char error[256];

    if (name_list_append(names, text, error, sizeof error) == 0)
        return 0;
    return cli_error("lockersh", EX_USAGE, "%s: %s", option, error);
}

int list_options_take_user(void *context, const char *users)
{
    return take_names("--user", &filter_of(context)->users, users);
}

int list_options_take_on_host(void *context, const char *hosts)
{
    return take_names("--on-host", &filter_of(context)->hosts, hosts);
}

static int take_words(struct lockersh_options *options)
{
    for (; *options->command != NULL; options->command++) {
        int status = take_names("--locklist", &filter_of(options)->names, *options->command);

        if (status != 0)
            return status;
    }
    return -1;
}

static bool has_view(const struct list_options *list)
{
    const struct list_view *view = &list->view;

    return view->filter.names.count > 0 || view->filter.users.count > 0 ||
           view->filter.hosts.count > 0 || view->filter.only_mine || view->by != TALLY_NOTHING ||
           view->format.count > 0 || view->no_heading || view->expands || list->sort != NULL ||
           list->watch_ms > 0;
}

static int check_format(const struct list_view *view)
{
    bool is_of_any = view->format.count == 0;

    if (view->by != TALLY_NOTHING)
        is_of_any |= format_shows(&view->format, TABLE_TALLY);
    else
        is_of_any |=
            format_shows(&view->format, TABLE_LOCKS) || format_shows(&view->format, TABLE_QUEUE);
    if (is_of_any)
        return -1;
    return cli_error("lockersh", EX_USAGE,
                     view->by != TALLY_NOTHING
                         ? "--format: none of these is a column of --by, as held, longest, waiting "
                           "and oldest are"
                         : "--format: these are columns of --by alone");
}

static int check_json(const struct lockersh_options *options)
{
    const struct list_view *view = &options->list.view;

    if (!options->json ||
        (view->by == TALLY_NOTHING && options->format == NULL && view->order.count == 0 &&
         !view->no_heading && !view->expands && options->list.watch_ms == 0))
        return -1;
    return cli_error("lockersh", EX_USAGE,
                     "--json has all that is known; of the options of a table only names, --user, "
                     "--on-host, --job and --me go with it");
}

/* Who asks, by the name that the system knows: what a variable says is no name. */
static void find_me(struct list_filter *filter)
{
    static char login[256];

    filter->uid = geteuid();
    if (user_database_find_login(filter->uid, login, sizeof login))
        filter->login = login;
}

static int settle_list(struct lockersh_options *options)
{
    struct list_view *view = &options->list.view;
    char error[FORMAT_ERROR_SIZE];
    int status = take_words(options);

    if (status >= 0)
        return status;
    if (options->format != NULL && format_parse(options->format, &view->format, error) != 0)
        return cli_error("lockersh", EX_USAGE, "--format: %s", error);
    if (options->list.sort != NULL &&
        format_parse_order(options->list.sort, &view->order, error) != 0)
        return cli_error("lockersh", EX_USAGE, "--sort: %s", error);
    options->list.has_view = has_view(&options->list);
    if (view->filter.only_mine)
        find_me(&view->filter);
    status = check_json(options);
    return status >= 0 ? status : check_format(view);
}

int list_options_settle(struct lockersh_options *options)
{
    if (options->action == LOCKERSH_LIST)
        return settle_list(options);
    if (options->list.view.filter.job != NULL)
        return cli_error("lockersh", EX_USAGE, "--job goes with --locklist");
    if (has_view(&options->list))
        return cli_error("lockersh", EX_USAGE,
                         "--user, --on-host, --me, --by, --sort, --no-header, --expand and --watch "
                         "go with --locklist");
    return -1;
}

void list_options_fini(struct list_options *options)
{
    name_list_fini(&options->view.filter.names);
    name_list_fini(&options->view.filter.users);
    name_list_fini(&options->view.filter.hosts);
}
