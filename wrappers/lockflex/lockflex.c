/* lockflex(8): tells lockerd what of its pools license servers have given to others.
 * Must not let a license server that hangs keep it from asking the next. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/sd_notify.h"
#include "cli/server_option.h"
#include "look.h"
#include "print.h"
#include "scheduler/outage.h"
#include "scheduler/stop.h"
#include "settings.h"

enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000, LEASE_MAX_S = 30 * 24 * 3600 };

static int take_map(void *context, const char *text)
{
    struct settings *settings = context;
    char error[300];

    if (feature_map_add(&settings->map, text, error, sizeof error) == 0)
        return 0;
    return cli_error("lockflex", errno == ENOMEM ? EX_OSERR : EX_USAGE, "--map %s", error);
}

static int take_reserved(void *context, const char *text)
{
    struct settings *settings = context;
    char error[300];

    if (name_list_append(&settings->ours, text, error, sizeof error) == 0)
        return 0;
    return cli_error("lockflex", errno == ENOMEM ? EX_OSERR : EX_USAGE, "--reserved: %s", error);
}

static int add_source(struct settings *settings, enum source_kind kind, const char *text)
{
    if (settings->source_count == SETTINGS_SOURCES_MAX)
        return cli_error("lockflex", EX_USAGE, "more than %d license servers",
                         SETTINGS_SOURCES_MAX);
    settings->sources[settings->source_count++] = (struct source){.kind = kind, .text = text};
    return 0;
}

static int take_server(void *context, const char *text)
{
    if (*text == '\0' || *text == '-')
        return cli_error("lockflex", EX_USAGE,
                         "--server %s: give PORT@HOST, or the path of a license file", text);
    return add_source(context, SOURCE_SERVER, text);
}

static int take_file(void *context, const char *text)
{
    return add_source(context, SOURCE_FILE, text);
}

static int take_command(void *context, const char *text)
{
    return add_source(context, SOURCE_COMMAND, text);
}

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_CALL("map", "POOL=FEATURES", take_map,
             "licenses of these features, with colons between, are seats of this pool",
             .letter = 'm', .repeats = true),
    OPT_CALL("server", "PORT@HOST", take_server,
             "ask lmstat what this license server has given out", .letter = 'c', .repeats = true),
    OPT_CALL("file", "FILE", take_file, "read what lmstat has written there; - is the input",
             .letter = 'f', .repeats = true, .completion = COMPLETE_FILE),
    OPT_CALL("command", "COMMAND", take_command,
             "read lines FEATURE USER HOST COUNT that this prints", .repeats = true),
    OPT_TEXT("lmutil", "PROGRAM", lmutil, "FlexNet's program (lmutil)",
             .completion = COMPLETE_COMMAND),
    OPT_CALL("reserved", "NAMES", take_reserved,
             "licenses reserved for these groups, users or hosts are the farm's", .repeats = true),
    OPT_WORD("match", "BY", match, SETTINGS_MATCH_WORDS,
             "by what a license is known to be a holder's (user-host)"),
    OPT_SECONDS("interval", interval_ms, 1000, DAY_MS, "look again and again, as a service",
                .letter = 'i'),
    OPT_SECONDS("for", lease_ms, 1000, LEASE_MAX_S *(uint64_t)1000,
                "how long lockerd is to believe it (300, or three looks)"),
    OPT_FLAG("dry-run", dry_run, "only say what lockerd would be told", .letter = 'n'),
    OPT_FLAG("json", json, "print JSON"),
    OPT_SECONDS("timeout", deadline_ms, 100, HOUR_MS,
                "how long each license server may take to answer (30)"),
    OPT_TEXT("host", "HOST", host, "tell the lock server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockflex",
    .usage = "lockflex --map POOL=FEATURES --server PORT@HOST [OPTION]...",
    .summary = "Asks FlexNet license servers what is checked out, takes away what lockerd's own "
               "holders use, and tells lockerd the rest, as seats of its pools in use outside.",
    .options = options,
    .notes = "See lockflex(8).",
};

static bool reads_input(const struct settings *settings)
{
    for (size_t i = 0; i < settings->source_count; i++) {
        if (settings->sources[i].kind == SOURCE_FILE && strcmp(settings->sources[i].text, "-") == 0)
            return true;
    }
    return false;
}

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, settings, &words);

    if (status >= 0)
        return status;
    if (settings->map.count == 0)
        return cli_error("lockflex", EX_USAGE,
                         "nothing to count; give --map POOL=FEATURE, such as vcs=VCSRuntime_Net");
    if (settings->source_count == 0)
        return cli_error("lockflex", EX_USAGE,
                         "nobody to ask; give --server PORT@HOST, --file or --command");
    if (settings->interval_ms > 0 && reads_input(settings))
        return cli_error("lockflex", EX_USAGE, "--interval: standard input can be read once only");
    if (settings->lease_ms > 0 && settings->lease_ms <= settings->interval_ms)
        return cli_error("lockflex", EX_USAGE,
                         "--for: what is told would end before the next look; give more than "
                         "--interval");
    return -1;
}

/* Takes a look and prints it.  Returns its status, with what is amiss in `trouble`; or -1 to end.
 */
static int look_and_print(const struct settings *settings, struct print *print,
                          char trouble[LOOK_TROUBLE_SIZE])
{
    struct look look;
    int status;

    if (look_take(&look, settings) != 0) {
        snprintf(trouble, LOOK_TROUBLE_SIZE, "%s", error_text(errno));
        return errno == EINTR ? -1 : EX_OSERR;
    }
    status = look.status;
    memcpy(trouble, look.trouble, LOOK_TROUBLE_SIZE);
    if (print_look(print, settings, &look) != 0) {
        snprintf(trouble, LOOK_TROUBLE_SIZE, "cannot print: %s", error_text(errno));
        status = EX_OSERR;
    }
    look_fini(&look);
    return status;
}

static int serve(const struct settings *settings, struct print *print)
{
    struct outage outage = {.program = "lockflex"};
    char trouble[LOOK_TROUBLE_SIZE];

    /* Servers that hang may make the first look a long one. */
    if (sd_notify_send("READY=1") != 0)
        cli_error("lockflex", 0, "cannot tell systemd: %s", error_text(errno));
    do {
        if (look_and_print(settings, print, trouble) < 0)
            break;
        outage_tell(&outage, trouble[0] != '\0' ? trouble : NULL);
    } while (!stop_wanted() && stop_poll(-1, settings->interval_ms) == 0);
    return 0;
}

static int look_once(const struct settings *settings, struct print *print)
{
    char trouble[LOOK_TROUBLE_SIZE];
    int status = look_and_print(settings, print, trouble);

    if (status < 0)
        return cli_error("lockflex", EX_UNAVAILABLE, "ended by a signal");
    if (trouble[0] != '\0')
        cli_error("lockflex", 0, "%s", trouble);
    return status;
}

static int run(const struct settings *settings)
{
    struct print print = {.told = NULL};
    int status = server_option_use("lockflex", settings->lock, settings->host, settings->port);

    if (status != 0)
        return status;
    stop_init();
    status = settings->interval_ms > 0 ? serve(settings, &print) : look_once(settings, &print);
    print_fini(&print);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .lmutil = "lmutil",
        .deadline_ms = 30000,
        .lock = ipclocker_create(),
    };
    int status;

    descriptor_occupy_streams(O_CLOEXEC);
    if (settings.lock == NULL) {
        status = cli_error("lockflex", EX_OSERR, "%s", error_text(errno));
    } else {
        status = parse_options(&settings, argc, argv);
        if (status < 0)
            status = run(&settings);
    }
    feature_map_fini(&settings.map);
    name_list_fini(&settings.ours);
    ipclocker_destroy(settings.lock);
    return status;
}
