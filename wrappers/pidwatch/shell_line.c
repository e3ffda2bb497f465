/* Joins words for a shell.
 * Must not change what a line does. */
#include "shell_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uricommand.h"
#include "uricommand/shell_names.h"

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
    return line[strcspn(line, ";&|<>()`{}#\n\\")] == '\0' && !shell_name_is_known(line, first);
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
