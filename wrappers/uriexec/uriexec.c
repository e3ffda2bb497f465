/* uriexec: runs, writes and explains commands that no shell on their way changes.
 * Must not stay in memory once a decoded command runs: it becomes that command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "cli/options.h"
#include "launch.h"
#include "shell.h"
#include "slips.h"
#include "uricommand.h"

/* A step's result when the next is to follow; else it is an exit status. */
enum { GO_ON = -1 };

enum option {
    OPT_CD = 1,
    OPT_SHELL,
    OPT_STRICT,
    OPT_SHOW,
    OPT_ENCODE,
    OPT_SHELL_WORDS,
    OPT_HOP,
    OPT_PATH,
    OPT_PRINT,
    OPT_CHECK,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option_spec options[] = {
    {OPT_CD, 0, "cd", "DIR", "run in this folder"},
    {OPT_SHELL, 0, "shell", "SHELL", "decode SHELL too and run it in place of /bin/sh"},
    {OPT_STRICT, 0, "strict", NULL, "refuse a % that two hex digits do not follow"},
    {OPT_SHOW, 0, "show", NULL, "explain what would be run, level by level"},
    {OPT_ENCODE, 0, "encode", NULL, "print the line that runs exactly ARG..."},
    {OPT_SHELL_WORDS, 0, "shell-words", NULL, "ARG... is a command line for sh, not a vector"},
    {OPT_HOP, 0, "hop", "LAUNCHER", "go through this, such as 'ssh host1'; may be repeated"},
    {OPT_PATH, 0, "uriexec-path", "PATH", "uriexec beyond the hop before it, or all hops"},
    {OPT_PRINT, 0, "print", NULL, "print the command line that would take the hops"},
    {OPT_CHECK, 0, "check", NULL, "first see whether there is an uriexec beyond each hop"},
    {OPT_HELP, 'h', "help", NULL, "say this and exit"},
    {OPT_VERSION, 0, "version", NULL, "say the version and exit"},
    {0, 0, NULL, NULL, NULL},
};

struct request {
    unsigned given; /* a bit for each option, 1 << OPT_... */
    const char *dir;
    const char *shell;
    const char *path; /* uriexec beyond the hops that do not say their own */
    struct uricommand_hop *hops;
    size_t hop_count;
    const char *const *words;
};

static bool has(const struct request *request, enum option option)
{
    return (request->given & 1U << option) != 0;
}

static int print(const char *text, const char *end)
{
    if (printf("%s%s", text, end) < 0 || fflush(stdout) != 0)
        return complain(EX_OSERR, "cannot write to standard output: %s", strerror(errno));
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
    complain(EX_USAGE, "%s, byte %zu, behind '%s%s': '%s' %s", name, at + 1,
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
    return complain(EX_OSERR, "cannot enter the folder '%s' for --cd: %s", clean(dir, strlen(dir)),
                    strerror(error));
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
    unsigned flags = has(request, OPT_STRICT) ? URICOMMAND_STRICT : 0;
    char *line = uricommand_join(request->words);
    char *command = line != NULL ? decode(line, "encoded line", flags) : NULL;
    char *shell = command != NULL ? decode(request->shell, "encoded shell", flags) : NULL;
    struct uricommand_run run = {.dir = request->dir, .shell = shell, .command = command};
    int status = EX_USAGE;

    if (line == NULL)
        status = complain_no_memory();
    else if (shell != NULL && has(request, OPT_SHOW))
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
    char *command = has(request, OPT_SHELL_WORDS) ? uricommand_join(request->words)
                                                  : uricommand_quote(request->words);
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
        status = complain(STATUS_CANNOT_RUN,
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
    bool wanted = has(request, OPT_CHECK);

    for (size_t i = 0; i < request->hop_count; i++)
        wanted = wanted || carries_no_status(&request->hops[i]);
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
    else if (has(request, OPT_SHOW))
        status = show(&run);
    else if (has(request, OPT_PRINT)) /* to be typed into a shell that shall live on */
        status =
            print(command + (strncmp(command, exec, strlen(exec)) == 0 ? strlen(exec) : 0), "\n");
    else if ((status = check_if_wanted(request)) == 0)
        status = launch(request->hops, request->hop_count, command);
    free(command);
    free(far);
    return status;
}

static int help(void)
{
    printf("usage: uriexec [--cd DIR] [--shell SHELL] [--strict] [--show] ENCODED...\n"
           "       uriexec --encode [--cd DIR] [--shell-words] ARG...\n"
           "       uriexec --hop LAUNCHER... [--uriexec-path PATH] [--cd DIR] [--shell-words]\n"
           "               [--print | --show | --check] -- ARG...\n\n"
           "Carries a command through any number of shells, rsh and ssh hops unharmed.\n\n");
    options_print(stdout, options);
    return print("", "");
}

static int add_hop(struct request *request, const char *launcher)
{
    const struct uricommand_hop hop = {.launcher = launcher};
    struct uricommand_hop *more;
    const char *slip = find_slip(launcher);
    char *built;

    if (slip != NULL)
        return complain(EX_USAGE, "--hop '%s' %s", clean(launcher, strlen(launcher)), slip);
    built = uricommand_build_hops(&hop, 1, "");
    if (built == NULL)
        return errno == EINVAL ? complain(EX_USAGE,
                                          "--hop '%s' is not a command on one line, such as "
                                          "'ssh host1'",
                                          clean(launcher, strlen(launcher)))
                               : complain_no_memory();
    free(built);
    more = realloc(request->hops, (request->hop_count + 1) * sizeof *more);
    if (more == NULL)
        return complain_no_memory();
    more[request->hop_count++] = hop;
    request->hops = more;
    return GO_ON;
}

static int set_path(struct request *request, const char *path)
{
    if (!uricommand_is_plain(path))
        return complain(EX_USAGE,
                        "--uriexec-path '%s' is not a path of letters, digits and _ . / - , only, "
                        "which every shell there leaves alone",
                        clean(path, strlen(path)));
    if (request->hop_count > 0)
        request->hops[request->hop_count - 1].uriexec = path;
    else
        request->path = path;
    return GO_ON;
}

static int take_option(struct request *request, int option, const char *argument)
{
    request->given |= 1U << option;
    switch (option) {
    case OPT_CD:
        request->dir = argument;
        return *argument != '\0' ? GO_ON : complain(EX_USAGE, "--cd needs a folder, not ''");
    case OPT_SHELL:
        request->shell = argument;
        return *argument != '\0' ? GO_ON : complain(EX_USAGE, "--shell needs a shell, not ''");
    case OPT_HOP:
        return add_hop(request, argument);
    case OPT_PATH:
        return set_path(request, argument);
    case OPT_HELP:
        return help();
    case OPT_VERSION:
        return print("uriexec (farmlock) Version " FARMLOCK_VERSION, "\n");
    default:
        return GO_ON;
    }
}

/* Options that only make sense with, or without, another. */
static int check(const struct request *request)
{
    static const struct {
        enum option option;
        unsigned with; /* one of these must be there */
        unsigned without;
        const char *why;
    } rules[] = {
        {OPT_PRINT, 1U << OPT_HOP, 1U << OPT_SHOW, "--print goes with --hop, without --show"},
        {OPT_CHECK, 1U << OPT_HOP, 1U << OPT_SHOW | 1U << OPT_PRINT,
         "--check goes with --hop, without --show and --print"},
        {OPT_PATH, 1U << OPT_HOP, 0, "--uriexec-path goes with --hop"},
        {OPT_SHELL_WORDS, 1U << OPT_ENCODE | 1U << OPT_HOP, 0,
         "--shell-words goes with --encode or --hop; without them all words are shell words"},
        {OPT_ENCODE, ~0U, 1U << OPT_HOP | 1U << OPT_SHOW, "--encode goes without --hop and --show"},
        {OPT_SHELL, ~0U, 1U << OPT_ENCODE | 1U << OPT_HOP,
         "--shell goes with neither --encode nor --hop, whose commands are for sh"},
        {OPT_STRICT, ~0U, 1U << OPT_ENCODE | 1U << OPT_HOP,
         "--strict goes with neither --encode nor --hop, which decode nothing"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (has(request, rules[i].option) &&
            ((request->given & rules[i].with) == 0 || (request->given & rules[i].without) != 0))
            return complain(EX_USAGE, "%s; see --help", rules[i].why);
    }
    if (request->words[0] == NULL && !has(request, OPT_CHECK))
        return complain(EX_USAGE, "a command is missing behind the options; see --help");
    return GO_ON;
}

static int parse(struct request *request, int argc, char **argv)
{
    char error[256];
    const char *argument = NULL;
    int status = GO_ON;
    int option;

    while (status == GO_ON && (option = options_next(options, argc, argv, &argument, error,
                                                     sizeof error)) != OPTIONS_END) {
        if (option == OPTIONS_ERROR)
            return complain(EX_USAGE, "%s", error);
        status = take_option(request, option, argument);
    }
    if (status != GO_ON)
        return status;
    for (size_t i = 0; i < request->hop_count; i++) {
        if (request->hops[i].uriexec == NULL)
            request->hops[i].uriexec = request->path;
    }
    request->words = (const char *const *)argv + optind;
    return check(request);
}

int main(int argc, char **argv)
{
    struct request request = {.shell = "/bin/sh", .words = (const char *const *)argv + argc};
    int status;

    if (argc < 1) /* before Linux 5.18 a caller could leave out even the name */
        return complain(EX_USAGE, "started without its own name as the first argument");
    status = parse(&request, argc, argv);
    if (status == GO_ON)
        status = has(&request, OPT_ENCODE)  ? encode(&request)
                 : request.words[0] == NULL ? only_check(&request)
                 : has(&request, OPT_HOP)   ? run_hops(&request)
                                            : run_line(&request);
    free(request.hops);
    return status;
}
