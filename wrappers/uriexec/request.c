/* The options of uriexec, and which of them go together.
 * Must not run anything. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "shell.h"
#include "slips.h"
#include "tie.h"

bool request_is_tied(const struct request *request)
{
    return request->tie || request->near != NULL;
}

int64_t request_grace_ms(const struct request *request)
{
    return request->grace_ms > 0 ? request->grace_ms : TIE_GRACE_MS;
}

static int take_hop(void *context, const char *launcher)
{
    struct request *request = context;
    const struct uricommand_hop hop = {.launcher = launcher};
    struct uricommand_hop *more;
    const char *slip = find_slip(launcher);
    char *built;

    if (slip != NULL)
        return cli_error("uriexec", EX_USAGE, "--hop '%s' %s", clean(launcher, strlen(launcher)),
                         slip);
    built = uricommand_build_hops(&hop, 1, "");
    if (built == NULL)
        return errno == EINVAL ? cli_error("uriexec", EX_USAGE,
                                           "--hop '%s' is not a command on one line, such as "
                                           "'ssh host1'",
                                           clean(launcher, strlen(launcher)))
                               : complain_no_memory();
    free(built);
    more = array_grow(request->hops, &request->hop_room, request->hop_count, sizeof *more);
    if (more == NULL)
        return complain_no_memory();
    more[request->hop_count++] = hop;
    request->hops = more;
    return 0;
}

static int take_path(void *context, const char *path)
{
    struct request *request = context;
    const char **place;

    if (!uricommand_is_plain(path))
        return cli_error("uriexec", EX_USAGE,
                         "--uriexec-path '%s' is not a path of letters, digits and _ . / - , only, "
                         "which every shell there leaves alone",
                         clean(path, strlen(path)));
    request->names_path = true;
    place =
        request->hop_count > 0 ? &request->hops[request->hop_count - 1].uriexec : &request->path;
    if (*place != NULL)
        return cli_error("uriexec", EX_USAGE,
                         "--uriexec-path was given twice for the same hop; put it behind the --hop "
                         "that it is for");
    *place = path;
    return 0;
}

enum { GRACE_MAX_MS = 1000000000 };

#define SETTINGS struct request
static const struct option_spec options[] = {
    OPT_GROUP("To run an encoded line"),
    OPT_TEXT("shell", "SHELL", shell, "decode SHELL too and run it in place of /bin/sh -c",
             .completion = COMPLETE_COMMAND),
    OPT_FLAG("strict", strict, "refuse a % that two hex digits do not follow"),
    OPT_GROUP("To write one, or to go through hops"),
    OPT_FLAG("encode", encode, "print the line that runs exactly ARG..."),
    OPT_FLAG("shell-words", shell_words, "ARG... is a command line for sh, not a vector"),
    OPT_CALL("hop", "LAUNCHER", take_hop, "go through this, such as 'ssh host1'; may be repeated",
             .completion = COMPLETE_COMMAND, .repeats = true),
    OPT_CALL("uriexec-path", "PATH", take_path, "uriexec beyond the hop before it, or all hops",
             .completion = COMPLETE_FILE, .repeats = true),
    OPT_FLAG("print", print, "print the command line that would take the hops"),
    OPT_FLAG("check", check, "first see whether there is an uriexec beyond each hop"),
    OPT_GROUP("For both"),
    OPT_FLAG("tie", tie, "the command ends when this end of the hops is gone"),
    OPT_SECONDS("grace", grace_ms, 1, GRACE_MAX_MS,
                "with --tie: from SIGTERM to SIGKILL; 10 without it"),
    OPT_TEXT("tie-to", "WORD", near, "what --hop --tie gives to the uriexec beyond a hop"),
    OPT_TEXT("cd", "DIR", dir, "run in this folder", .completion = COMPLETE_FOLDER),
    OPT_FLAG("show", show, "explain what would be run, level by level"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "uriexec",
    .usage = "uriexec [--cd DIR] [--shell SHELL] [--strict] [--tie] [--show] ENCODED...\n"
             "uriexec --encode [--cd DIR] [--shell-words] ARG...\n"
             "uriexec --hop LAUNCHER... [--uriexec-path PATH] [--cd DIR]\n"
             "        [--shell-words] [--tie [--grace SECONDS]]\n"
             "        [--print | --show | --check] -- ARG...",
    .summary = "Carries a command through any number of shells, rsh and ssh hops unharmed.",
    .options = options,
    .notes = "Exit status: the command's own; 64 usage; 71 system error; 126 or 127 command not "
             "run; 128+N after signal N. See uriexec(1).",
    .words = WORDS_COMMAND,
};

static int check_values(const struct request *request)
{
    if (request->dir != NULL && *request->dir == '\0')
        return cli_error("uriexec", EX_USAGE, "--cd needs a folder, not ''");
    if (request->shell != NULL && *request->shell == '\0')
        return cli_error("uriexec", EX_USAGE, "--shell needs a shell, not ''");
    if (request->shell != NULL && *request->shell == '-')
        return cli_error("uriexec", EX_USAGE, "--shell '%s' has no name before its arguments",
                         clean(request->shell, strlen(request->shell)));
    return 0;
}

/* Options that only make sense with, or without, another. */
static int check(const struct request *r)
{
    const bool hops = r->hop_count > 0;
    const struct {
        bool is_broken;
        const char *why;
    } rules[] = {
        {r->print && (!hops || r->show), "--print goes with --hop, without --show"},
        {r->check && (!hops || r->show || r->print),
         "--check goes with --hop, without --show and --print"},
        {r->names_path && !hops, "--uriexec-path goes with --hop"},
        {r->shell_words && !r->encode && !hops,
         "--shell-words goes with --encode or --hop; without them all words are shell words"},
        {r->encode && (hops || r->show), "--encode goes without --hop and --show"},
        {r->shell != NULL && (r->encode || hops),
         "--shell goes with neither --encode nor --hop, whose commands are for sh"},
        {r->strict && (r->encode || hops),
         "--strict goes with neither --encode nor --hop, which decode nothing"},
        {request_is_tied(r) && r->encode,
         "--tie goes without --encode: it is where the line is run"},
        {r->near != NULL && hops, "--tie-to is written by --hop --tie, and goes with a line"},
        {r->grace_ms > 0 && !request_is_tied(r), "--grace goes with --tie"},
        {r->words[0] == NULL && !r->check, "a command is missing behind the options"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].is_broken)
            return cli_error("uriexec", EX_USAGE, "%s; see --help", rules[i].why);
    }
    return check_values(r);
}

int request_parse(struct request *request, int argc, char **argv)
{
    int status = command_line_parse(&command_line, argc, argv, request, &request->words);

    if (status >= 0)
        return status;
    for (size_t i = 0; i < request->hop_count; i++) {
        if (request->hops[i].uriexec == NULL)
            request->hops[i].uriexec = request->path;
    }
    status = check(request);
    return status != 0 ? status : -1;
}

void request_fini(struct request *request)
{
    free(request->hops);
}
