/* Reads a program's command line and says what there is to say about it.
 * Must not be used by what programs embed: it prints. */
#include "command_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error_text.h"
#include "completion.h"
#include "help.h"
#include "message.h"

static int answer(const struct command_line *line, const struct options_outcome *outcome)
{
    if (outcome->asked == OPTION_HELP)
        help_print(stdout, line);
    else if (outcome->asked == OPTION_VERSION)
        printf("%s (farmlock) Version %s\n", line->program, FARMLOCK_VERSION);
    else if (completion_print(stdout, line, outcome->shell) != 0)
        return cli_error(line->program, EX_USAGE,
                         "--completion \"%s\" is none of bash|zsh|fish|tcsh", outcome->shell);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return 0;
    return cli_error(line->program, EX_OSERR, "cannot write the output: %s", error_text(errno));
}

int command_line_parse_all(const struct command_line *line, int argc, char **argv, void *settings,
                           struct options_outcome *outcome)
{
    options_parse(line->options, line->words == WORDS_MIXED, argc, argv, settings, outcome);
    if (outcome->error[0] != '\0')
        cli_error(line->program, outcome->status, "%s", outcome->error);
    if (outcome->status != 0)
        return outcome->status;
    if (outcome->asked != OPTION_END)
        return answer(line, outcome);
    if (line->words == WORDS_NONE && outcome->words[0] != NULL)
        return cli_error(line->program, EX_USAGE,
                         "'%s' is not understood; %s takes only options, see --help",
                         outcome->words[0], line->program);
    return -1;
}

int command_line_parse(const struct command_line *line, int argc, char **argv, void *settings,
                       char ***words)
{
    struct options_outcome outcome;
    int status = command_line_parse_all(line, argc, argv, settings, &outcome);

    if (status < 0)
        *words = outcome.words;
    return status;
}

int command_line_parse_options(const struct command_line *line, int argc, char **argv,
                               void *settings, bool given[OPTIONS_ROWS_MAX])
{
    struct options_outcome outcome;
    int status = command_line_parse_all(line, argc, argv, settings, &outcome);

    memcpy(given, outcome.given, sizeof outcome.given);
    return status;
}
