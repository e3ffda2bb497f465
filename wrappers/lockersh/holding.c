/* Finds which values hold, as the library and lockersh go by them.
 * Must not judge them. */
#include "holding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/port.h"

struct search {
    const struct lockersh_options *options;
    const struct option_spec *table;
    const struct options_outcome *given;
};

static bool find_option(const struct search *search, const char *name, struct holding *holding)
{
    for (const struct option_spec *row = search->table; row->type != OPTION_END; row++) {
        if (row->type == OPTION_GROUP || strcmp(row->name, name) != 0)
            continue;
        holding->value = search->given->arguments[row - search->table];
        holding->source = HOLDING_OPTION;
        holding->by = row->name;
        return search->given->given[row - search->table];
    }
    return false;
}

/* An empty variable says nothing, nor does IPCLOCKER_AUTH with another word. */
static bool find_variable(const char *name, struct holding *holding)
{
    const char *value = *name != '\0' ? getenv(name) : NULL;

    if (value == NULL || *value == '\0')
        return false;
    if (strcmp(name, "IPCLOCKER_AUTH") == 0 && !file_defaults_is_auth(value))
        return false;
    holding->value = value;
    holding->source = HOLDING_VARIABLE;
    holding->by = name;
    return true;
}

static bool find_in_files(const struct search *search, struct holding *holding)
{
    holding->setting = defaults_find(search->options->defaults, holding->name);
    if (holding->setting == NULL)
        return false;
    holding->value = holding->setting->value;
    holding->source = HOLDING_FILE;
    return true;
}

static void take_usual(const char *usual, struct holding *holding)
{
    unsigned port = 0;

    if (strcmp(holding->name, "port") == 0)
        port = port_default("lockerd", "tcp", PORT_LOCKERD);
    else if (strcmp(holding->name, "pidstatd-port") == 0)
        port = port_default("pidstatd", "udp", PORT_PIDSTATD);
    snprintf(holding->usual, sizeof holding->usual, "%u", port);
    if (port != 0)
        usual = holding->usual;
    holding->value = *usual != '\0' ? usual : NULL;
    holding->source = HOLDING_USUAL;
}

static void find(const struct search *search, const char *variable, const char *usual,
                 struct holding *holding)
{
    if (find_option(search, holding->name, holding) ||
        (strcmp(holding->name, "host") == 0 && find_option(search, "dhost", holding)) ||
        find_variable(variable, holding) || find_in_files(search, holding))
        return;
    take_usual(usual, holding);
}

/* Of host and path the one that holds. */
static bool is_overruled(const struct search *search, const struct holding *holding)
{
    bool is_host = strcmp(holding->name, "host") == 0;
    struct holding other = {.name = is_host ? "path" : "host"};

    if (!is_host && strcmp(holding->name, "path") != 0)
        return false;
    find(search, is_host ? "" : "IPCLOCKER_HOST", is_host ? "" : "localhost", &other);
    if (other.source != holding->source)
        return other.source < holding->source;
    if (holding->source == HOLDING_FILE)
        return defaults_find_server(search->options->defaults) != holding->setting;
    return !is_host;
}

void holding_find_all(const struct lockersh_options *options, const struct option_spec *table,
                      const struct options_outcome *given,
                      bool (*take)(void *context, const struct holding *holding), void *context)
{
    const struct search search = {options, table, given};
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < FILE_DEFAULTS_SERVER_COUNT; i++) {
        const struct file_defaults_server *server = &file_defaults_server[i];
        struct holding holding = {.name = server->name};

        find(&search, server->variable, server->usual, &holding);
        if (!is_overruled(&search, &holding))
            goes_on = take(context, &holding);
    }
    for (const struct option_spec *row = table; goes_on && row->type != OPTION_END; row++) {
        struct holding holding = {.name = row->name};

        if (row->client_default == NULL)
            continue;
        find(&search, "", row->client_default, &holding);
        goes_on = take(context, &holding);
    }
}
