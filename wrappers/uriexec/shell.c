/* What uriexec says when something goes wrong, and how it becomes a shell.
 * Must not know the options. */
#include "shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/text.h"
#include "cli/message.h"

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

int become(const char *shell, const char *command)
{
    char *spaced = NULL;

    /* Behind -c, shells still take a word that begins so for an option. */
    if (*command == '-' || *command == '+') {
        if (asprintf(&spaced, " %s", command) < 0)
            return complain_no_memory();
        command = spaced;
    }
    execlp(shell, shell, "-c", command, (char *)NULL);
    if (errno == E2BIG)
        return complain_too_long("the command", strlen(command));
    return cli_error("uriexec", errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN,
                     "cannot run the shell '%s': %s", clean(shell, strlen(shell)),
                     error_text(errno));
}
