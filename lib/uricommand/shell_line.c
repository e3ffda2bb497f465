/* Joins words for a shell.
 * Must not change what a line does. */
#include "shell_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell_names.h"
#include "uricommand.h"

/* Bash, which may be sh, takes functions from the environment: "BASH_FUNC_NAME%%", formerly with
 * "()" for the signs. */
static bool is_function(const char *name, size_t len)
{
    static const char prefix[] = "BASH_FUNC_";

    for (char **entry = environ; *entry != NULL; entry++) {
        const char *behind = *entry + strlen(prefix) + len;

        if (strncmp(*entry, prefix, strlen(prefix)) == 0 &&
            strncmp(*entry + strlen(prefix), name, len) == 0 &&
            (strncmp(behind, "%%=", 3) == 0 || strncmp(behind, "()=", 3) == 0))
            return true;
    }
    return false;
}

/* "2>&1" makes no second command. */
static bool has_operator(const char *line)
{
    for (size_t at = strcspn(line, "&"); line[at] != '\0'; at += 1 + strcspn(line + at + 1, "&")) {
        if (at == 0 || strchr("<>", line[at - 1]) == NULL)
            return true;
    }
    return line[strcspn(line, ";|()`{}#\n\\")] != '\0';
}

/* Operators, groups, substitutions, comments: any may make more than one command of a line. */
static bool is_plain_command(const char *line)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_./+-";
    size_t first;

    line += strspn(line, " \t");
    first = strspn(line, name_bytes);
    if (first == 0 || *line == '-' || (line[first] != '\0' && line[first] != ' '))
        return false;
    return !has_operator(line) && !shell_name_is_known(line, first) && !is_function(line, first);
}

char *shell_line_join(char *const words[])
{
    char *line = uricommand_join((const char *const *)words), *with_exec = NULL;

    if (line == NULL || !is_plain_command(line))
        return line;
    if (asprintf(&with_exec, "exec %s", line) < 0)
        with_exec = NULL;
    free(line);
    return with_exec;
}
