/* pidstatd's options.
 * Must not do what they ask for. */
#include "pidstatd_options.h"

#include <sysexits.h>

#include "allow_option.h"
#include "base/number.h"
#include "cli/file_option.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "net/port.h"

enum { MAX_WATCHES_DEFAULT = 16384, MAX_WATCHES_LIMIT = 1000000 };

static int take_port(void *context, const char *value)
{
    struct pidstatd_options *options = context;
    uint16_t port;

    options->port = value;
    if (port_parse(value, "udp", &port) == 0)
        return 0;
    return cli_error("pidstatd", EX_USAGE,
                     "--port cannot be '%s'; give 1 to 65535 or a UDP service of /etc/services",
                     value);
}

static int take_host(void *context, const char *host)
{
    struct pidstatd_options *options = context;

    options->host = host;
    return host_option_check("pidstatd", "host", host);
}

static int take_allow(void *context, const char *value)
{
    struct pidstatd_options *options = context;

    return allow_option_take("pidstatd", value, options->allow, &options->allow_count,
                             PIDSTATD_RANGES_MAX);
}

static int take_http(void *context, const char *value)
{
    return http_option_take("pidstatd", value, &((struct pidstatd_options *)context)->http);
}

static int take_http_name(void *context, const char *value)
{
    return http_option_take_name("pidstatd", value, &((struct pidstatd_options *)context)->http);
}

static int take_user(void *context, const char *value)
{
    struct pidstatd_options *options = context;

    if (privileges_find(value, &options->privileges) == 0)
        return 0;
    return cli_error("pidstatd", EX_USAGE, "there is no user '%s'; name another with --user",
                     value);
}

static int take_pid_file(void *context, const char *value)
{
    struct pidstatd_options *options = context;

    options->pid_file = value;
    return file_option_check("pidstatd", "pid-file", value);
}

static int take_max_watches(void *context, const char *value)
{
    struct pidstatd_options *options = context;
    uint64_t number;

    if (number_parse(value, MAX_WATCHES_LIMIT, &number) != 0)
        return cli_error("pidstatd", EX_USAGE,
                         "--max-watches cannot be '%s'; give a number from 0 to 1000000", value);
    options->max_watches = (size_t)number;
    return 0;
}

#define SETTINGS struct pidstatd_options
static const struct option_spec table[] = {
    OPT_CALL("host", "HOST", take_host, "listen on this host's addresses only (all addresses)",
             .completion = COMPLETE_HOST, .at_start = true),
    OPT_CALL("port", "PORT", take_port, "listen on this UDP port or service (pidstatd, 1752)",
             .at_start = true),
    OPT_CALL("allow", "RANGE[,...]", take_allow,
             "answer only these addresses, such as 10.0.0.0/8; may be repeated", .repeats = true),
    OPT_CALL("http", "ADDRESS:PORT", take_http,
             "show metrics and health by HTTP there; may be repeated; *:PORT is all addresses",
             .repeats = true, .at_start = true),
    OPT_CALL("http-name", "NAME", take_http_name,
             "another name by which HTTP may be asked for; may be repeated", .repeats = true,
             .completion = COMPLETE_HOST, .at_start = true),
    CONF_OPTIONS_ROWS(asked),
    OPT_FLAG("fork", background, "go into the background (the default)",
             .no_help = "stay in the foreground, log to standard error", .at_start = true),
    OPT_CALL("pid-file", "FILE", take_pid_file, "write the process id there",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_CALL("user", "USER", take_user, "when started by root, become this user (nobody)",
             .completion = COMPLETE_USER, .at_start = true),
    OPT_CALL("max-watches", "N", take_max_watches, "keep at most this many watches (16384)",
             .at_start = true),
    OPT_FLAG("debug", debug, "log the counters every ten seconds"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "pidstatd",
    .usage = "pidstatd [OPTION]...",
    .summary = "Tells over UDP whether processes of this host exist.",
    .options = table,
    .notes = "See pidstatd(8).",
};

static const struct pidstatd_options defaults = {.background = true,
                                                 .max_watches = MAX_WATCHES_DEFAULT};

struct conf_options pidstatd_told = {.line = &command_line,
                                     .usual_path = "/etc/farmlock/pidstatd.conf",
                                     .defaults = &defaults,
                                     .size = sizeof defaults,
                                     .asked = offsetof(struct pidstatd_options, asked)};
