/* What uriexec says when something goes wrong, and how it becomes a shell.
 * Must not know the options. */
#include "shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/text.h"
#include "cli/message.h"
#include "uricommand/shell_names.h"

int complain_no_memory(void)
{
    return cli_error("uriexec", EX_OSERR, "out of memory");
}

const char *clean(const char *text, size_t len)
{
    enum { SHOWN = 160 };
    static char shown[2][SHOWN + 1];
    static int turn;

    turn = !turn;
    text_clean(shown[turn], sizeof shown[turn], text, len);
    return shown[turn];
}

/* Linux's MAX_ARG_STRLEN, execve(2), without the NUL. */
size_t argument_max(void)
{
    return 32 * (size_t)sysconf(_SC_PAGESIZE) - 1;
}

int complain_too_long(const char *what, size_t len)
{
    if (len > argument_max())
        return cli_error("uriexec", STATUS_CANNOT_RUN,
                         "%s is %zu bytes long, but this system takes at most %zu bytes in one "
                         "argument (MAX_ARG_STRLEN); put the command into a script",
                         what, len, argument_max());
    return cli_error("uriexec", STATUS_CANNOT_RUN,
                     "%s and the environment take more than the %ld bytes that this system allows "
                     "(ARG_MAX); shorten the environment",
                     what, sysconf(_SC_ARG_MAX));
}

/* The words of a shell that comes with its arguments; else its name and -c; and room for two more.
 * *copy is to be freed, as is the array. */
static char **split_shell(const char *shell, char **copy)
{
    char **argv = calloc(strlen(shell) / 2 + 4, sizeof *argv);
    size_t count = 0;
    char *rest = *copy = strdup(shell);
    char *word;

    if (argv == NULL || *copy == NULL) {
        free(argv);
        return NULL;
    }
    if (!shell_name_has_arguments(shell)) {
        argv[0] = *copy;
        argv[1] = (char *)"-c";
        return argv;
    }
    while ((word = strsep(&rest, " \t\n")) != NULL) {
        if (*word != '\0')
            argv[count++] = word;
    }
    return argv;
}

static int run_shell(const char *shell, const char *command)
{
    char *copy;
    char **argv = split_shell(shell, &copy);
    size_t count = 0;
    int error = ENOMEM;

    if (argv != NULL) {
        while (argv[count] != NULL)
            count++;
        argv[count] = (char *)command;
        execvp(argv[0], argv);
        error = errno;
    }
    free(argv);
    free(copy);
    return error;
}

int become(const char *shell, const char *command)
{
    char *spaced = NULL;
    int error;

    /* Behind -c, shells still take a word that begins so for an option. */
    if (*command == '-' || *command == '+') {
        if (asprintf(&spaced, " %s", command) < 0)
            return complain_no_memory();
        command = spaced;
    }
    error = run_shell(shell, command);
    if (error == E2BIG)
        return complain_too_long("the command", strlen(command));
    return cli_error("uriexec", error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN,
                     "cannot run the shell '%s': %s", clean(shell, strlen(shell)),
                     error_text(error));
}
