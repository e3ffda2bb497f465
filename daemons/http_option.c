/* --http and --http-name.
 * Must not open a socket. */
#include "http_option.h"

#include <string.h>
#include <sysexits.h>

#include "cli/message.h"
#include "http/http.h"

int http_option_take(const char *program, const char *argument, struct http_option *option)
{
    if (option->place_count == HTTP_PLACES_MAX)
        return cli_error(program, EX_USAGE, "more than %d --http; use *:PORT for all addresses",
                         HTTP_PLACES_MAX);
    if (!http_is_place(argument))
        return cli_error(program, EX_USAGE,
                         "--http '%s' is no ADDRESS:PORT, such as localhost:9751, [::1]:9751 or "
                         "*:9751",
                         argument);
    option->places[option->place_count++] = argument;
    return 0;
}

int http_option_take_name(const char *program, const char *argument, struct http_option *option)
{
    if (option->name_count == HTTP_NAMES_MAX)
        return cli_error(program, EX_USAGE, "more than %d --http-name", HTTP_NAMES_MAX);
    if (argument[0] == '\0' || strpbrk(argument, ":/ ") != NULL)
        return cli_error(program, EX_USAGE,
                         "--http-name '%s' is no name of a host, without scheme and port",
                         argument);
    option->names[option->name_count++] = argument;
    return 0;
}
