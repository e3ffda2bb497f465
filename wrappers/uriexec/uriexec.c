/* uriexec: runs, writes and explains commands that no shell on their way changes.
 * Must not stay in memory once a decoded command runs: it becomes that command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error_text.h"
#include "check.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "launch.h"
#include "shell.h"
#include "slips.h"
#include "uricommand.h"

struct request {
    const char *dir;
    const char *shell; /* NULL: /bin/sh */
    const char *path;  /* uriexec beyond the hops that do not say their own */
    bool strict, show, encode, shell_words, print, check, names_path;
    struct uricommand_hop *hops;
    size_t hop_count, hop_room;
    char **words;
};

static int print(const char *text, const char *end)
{
    if (printf("%s%s", text, end) < 0 || fflush(stdout) != 0)
        return cli_error("uriexec", EX_OSERR, "cannot write to standard output: %s",
                         error_text(errno));
    return 0;
}

/* Decodes, or says what is wrong and where. */
static char *decode(const char *line, const char *name, unsigned flags)
{
    enum { BEFORE = 24, ESCAPE = 3 };
    size_t len = strlen(line);
    size_t at = 0;
    char *text = uricommand_decode(line, len, flags, NULL, &at);
    size_t before = at < BEFORE ? at : BEFORE;

    if (text != NULL)
        return text;
    if (errno == ENOMEM) {
        complain_no_memory();
        return NULL;
    }
    cli_error("uriexec", EX_USAGE, "%s, byte %zu, behind '%s%s': '%s' %s", name, at + 1,
              before < at ? "..." : "", clean(line + at - before, before),
              clean(line + at, strnlen(line + at, ESCAPE)),
              errno == EILSEQ ? "is a NUL, which no command can hold"
                              : "is not % and two hex digits; write %25 for a percent sign");
    return NULL;
}

/* A folder may be encoded, but one that is there under the name as it stands is meant.  Returns the
 * other name for it where `error` says that it is not there, or NULL. */
static char *decode_folder(const char *dir, int error)
{
    if (error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG)
        return NULL;
    return uricommand_decode(dir, strlen(dir), 0, NULL, NULL);
}

static int enter(const char *dir)
{
    int error = chdir(dir) == 0 ? 0 : errno;
    char *decoded = decode_folder(dir, error);

    if (decoded != NULL && chdir(decoded) == 0)
        error = 0;
    free(decoded);
    if (error == 0)
        return 0;
    return cli_error("uriexec", EX_OSERR, "cannot enter the folder '%s' for --cd: %s",
                     clean(dir, strlen(dir)), error_text(error));
}

static int show_run(const struct uricommand_run *run)
{
    struct winsize size = {.ws_col = 0};
    size_t width = 0;
    char *text;
    int status;

    if (isatty(STDOUT_FILENO))
        width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    text = uricommand_show(run, width);
    if (text == NULL)
        return complain_no_memory();
    status = print(text, "");
    free(text);
    return status;
}

/* In the folder that would be entered. */
static int show(const struct uricommand_run *run)
{
    struct uricommand_run entered = *run;
    struct stat found;
    char *decoded = NULL;
    int status;

    if (run->dir != NULL && stat(run->dir, &found) != 0)
        decoded = decode_folder(run->dir, errno);
    if (decoded != NULL)
        entered.dir = decoded;
    status = show_run(&entered);
    free(decoded);
    return status;
}

static int run_line(const struct request *request)
{
    unsigned flags = request->strict ? URICOMMAND_STRICT : 0;
    char *line = uricommand_join((const char *const *)request->words);
    char *command = line != NULL ? decode(line, "encoded line", flags) : NULL;
    char *shell = command != NULL ? decode(request->shell != NULL ? request->shell : "/bin/sh",
                                           "encoded shell", flags)
                                  : NULL;
    struct uricommand_run run = {.dir = request->dir, .shell = shell, .command = command};
    int status = EX_USAGE;

    if (line == NULL)
        status = complain_no_memory();
    else if (shell != NULL && request->show)
        status = show(&run);
    else if (shell != NULL && (status = request->dir != NULL ? enter(request->dir) : 0) == 0)
        status = become(shell, command);
    free(shell);
    free(command);
    free(line);
    return status;
}

/* Room before a line, as in sh -c "exec env /opt/farm/bin/uriexec LINE". */
enum { CALL_MAX = 512 };

/* The command for sh(1) that the arguments stand for. */
static char *compose(const struct request *request)
{
    char *command = request->shell_words ? uricommand_join((const char *const *)request->words)
                                         : uricommand_quote((const char *const *)request->words);
    char *moved;

    if (command == NULL || request->dir == NULL)
        return command;
    moved = uricommand_add_cd(request->dir, command);
    free(command);
    return moved;
}

static int encode(const struct request *request)
{
    char *command = compose(request);
    char *line = command != NULL ? uricommand_encode(command, strlen(command), 0) : NULL;
    int status;

    if (line == NULL)
        status = complain_no_memory();
    else if (strlen(line) > argument_max() - CALL_MAX)
        status = cli_error("uriexec", STATUS_CANNOT_RUN,
                           "the encoded line is %zu bytes long; with a call of uriexec before it, "
                           "for which %d bytes are kept, it would be more than the %zu bytes that "
                           "this system takes in one argument (MAX_ARG_STRLEN); put the command "
                           "into a script",
                           strlen(line), CALL_MAX, argument_max());
    else
        status = print(*line != '\0' ? line : "+", "\n"); /* a line has to be a word */
    free(line);
    free(command);
    return status;
}

static int check_if_wanted(const struct request *request)
{
    bool wanted = request->check;

    for (size_t i = 0; i < request->hop_count; i++)
        wanted = wanted || check_carries_no_status(&request->hops[i]);
    return wanted ? check_hops(request->hops, request->hop_count) : 0;
}

static int only_check(const struct request *request)
{
    int status = check_hops(request->hops, request->hop_count);

    return status != 0 ? status : print("uriexec answers beyond every hop", "\n");
}

static int run_hops(const struct request *request)
{
    static const char exec[] = "exec ";
    struct uricommand_run run = {.shell = "/bin/sh"};
    char *far = compose(request);
    char *command =
        far != NULL ? uricommand_build_hops(request->hops, request->hop_count, far) : NULL;
    int status;

    run.command = command;
    if (command == NULL)
        status = complain_no_memory();
    else if (strlen(command) > argument_max())
        status = complain_too_long("the command line for the first hop", strlen(command));
    else if (request->show)
        status = show(&run);
    else if (request->print) /* to be typed into a shell that shall live on */
        status =
            print(command + (strncmp(command, exec, strlen(exec)) == 0 ? strlen(exec) : 0), "\n");
    else if ((status = check_if_wanted(request)) == 0)
        status = launch(request->hops, request->hop_count, command);
    free(command);
    free(far);
    return status;
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

#define SETTINGS struct request
static const struct option_spec options[] = {
    OPT_GROUP("To run an encoded line"),
    OPT_TEXT("shell", "SHELL", shell, "decode SHELL too and run it in place of /bin/sh",
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
    OPT_TEXT("cd", "DIR", dir, "run in this folder", .completion = COMPLETE_FOLDER),
    OPT_FLAG("show", show, "explain what would be run, level by level"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "uriexec",
    .usage = "uriexec [--cd DIR] [--shell SHELL] [--strict] [--show] ENCODED...\n"
             "uriexec --encode [--cd DIR] [--shell-words] ARG...\n"
             "uriexec --hop LAUNCHER... [--uriexec-path PATH] [--cd DIR]\n"
             "        [--shell-words] [--print | --show | --check] -- ARG...",
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
        {r->words[0] == NULL && !r->check, "a command is missing behind the options"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].is_broken)
            return cli_error("uriexec", EX_USAGE, "%s; see --help", rules[i].why);
    }
    return check_values(r);
}

/* Returns -1 to go on, or the status to exit with. */
static int parse_options(struct request *request, int argc, char **argv)
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

static int run(const struct request *request)
{
    if (request->encode)
        return encode(request);
    if (request->words[0] == NULL)
        return only_check(request);
    return request->hop_count > 0 ? run_hops(request) : run_line(request);
}

int main(int argc, char **argv)
{
    struct request request = {.words = argv + argc};
    int status;

    if (argc < 1) /* before Linux 5.18 a caller could leave out even the name */
        return cli_error("uriexec", EX_USAGE, "started without its own name as the first argument");
    status = parse_options(&request, argc, argv);
    if (status < 0)
        status = run(&request);
    free(request.hops);
    return status;
}
