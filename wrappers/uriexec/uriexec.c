/* uriexec: runs, writes and explains commands that no shell on their way changes.
 * Must not stay in memory once a decoded command runs: it becomes that command. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "check.h"
#include "cli/message.h"
#include "launch.h"
#include "launcher_name.h"
#include "request.h"
#include "shell.h"
#include "tie.h"
#include "uricommand/compose.h"

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

static int run_tied(const struct request *request, const char *shell, const char *command)
{
    const char *near = request->near != NULL ? request->near : "";
    struct tie_word word;

    if (tie_word_read(&word, near) != 0)
        return cli_error("uriexec", EX_USAGE, "--tie-to '%s' is not what uriexec --hop writes",
                         clean(near, strlen(near)));
    descriptor_occupy_streams(O_CLOEXEC);
    return tie_run(&(struct tied){shell, command, &word, request_grace_ms(request)});
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
        status =
            request_is_tied(request) ? run_tied(request, shell, command) : become(shell, command);
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

/* What the uriexecs beyond the hops are given before their lines. */
struct far_options {
    char all[TIE_WORD_SIZE + 64], last[TIE_WORD_SIZE + 64];
    const char *text, *last_text; /* NULL: none */
    bool holds_input;
};

static bool hides_ends(const struct request *request)
{
    for (size_t i = 0; i < request->hop_count; i++) {
        if (launcher_name_is_ssh(request->hops[i].launcher))
            return true;
    }
    return false;
}

static void write_options(const struct request *request, const char *word, char *out, size_t size)
{
    int len =
        word != NULL ? snprintf(out, size, "--tie-to %s", word) : snprintf(out, size, "--tie");

    if (request->grace_ms > 0)
        snprintf(out + len, size - (size_t)len, " --grace %" PRId64 ".%03" PRId64,
                 request->grace_ms / 1000, request->grace_ms % 1000);
}

/* A line that is printed will be run without this process. */
static void make_far_options(const struct request *request, struct far_options *far)
{
    char word[TIE_WORD_SIZE], last_word[TIE_WORD_SIZE];

    memset(far, 0, sizeof *far);
    if (!request->tie)
        return;
    far->holds_input = !request->print && launch_has_no_input();
    tie_word_write(word, far->holds_input, false);
    tie_word_write(last_word, far->holds_input, hides_ends(request));
    write_options(request, request->print ? NULL : word, far->all, sizeof far->all);
    write_options(request, request->print ? NULL : last_word, far->last, sizeof far->last);
    far->text = far->all;
    far->last_text = far->last;
}

/* The command for sh(1) on this host that takes the hops. */
static char *compose_launch(const struct request *request, const struct far_options *far)
{
    char *command = compose(request);
    char *emptied = NULL;
    char *built;

    /* The input that reaches there is not the command's. */
    if (command != NULL && far->holds_input &&
        asprintf(&emptied, "exec </dev/null; %s", command) < 0)
        emptied = NULL;
    if (far->holds_input) {
        free(command);
        command = emptied;
    }
    built = command != NULL ? compose_hops(request->hops, request->hop_count, far->text,
                                           far->last_text, command)
                            : NULL;
    free(command);
    return built;
}

static int check_if_wanted(const struct request *request, const struct far_options *far)
{
    bool wanted = request->check;

    for (size_t i = 0; i < request->hop_count; i++)
        wanted = wanted || launcher_name_is_rsh(request->hops[i].launcher);
    return wanted ? check_hops(request->hops, request->hop_count, far->text) : 0;
}

static int only_check(const struct request *request)
{
    struct far_options far;
    int status;

    make_far_options(request, &far);
    status = check_hops(request->hops, request->hop_count, far.text);
    return status != 0 ? status : print("uriexec answers beyond every hop", "\n");
}

static int take_hops(const struct request *request, const struct far_options *far,
                     const char *command)
{
    const struct launch run = {
        .hops = request->hops,
        .hop_count = request->hop_count,
        .command = command,
        .enters = request->dir != NULL,
        .tie = request->tie,
        .holds_input = far->holds_input,
        .grace_ms = request_grace_ms(request),
    };
    int status = check_if_wanted(request, far);

    return status != 0 ? status : launch(&run);
}

static int run_hops(const struct request *request)
{
    static const char exec[] = "exec ";
    struct far_options far;
    struct uricommand_run run = {.shell = "/bin/sh"};
    char *command;
    int status;

    make_far_options(request, &far);
    run.command = command = compose_launch(request, &far);
    if (command == NULL)
        status = complain_no_memory();
    else if (strlen(command) > argument_max())
        status = complain_too_long("the command line for the first hop", strlen(command));
    else if (request->show)
        status = show(&run);
    else if (request->print) /* to be typed into a shell that shall live on */
        status =
            print(command + (strncmp(command, exec, strlen(exec)) == 0 ? strlen(exec) : 0), "\n");
    else
        status = take_hops(request, &far, command);
    free(command);
    return status;
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
    status = request_parse(&request, argc, argv);
    if (status < 0)
        status = run(&request);
    request_fini(&request);
    return status;
}
