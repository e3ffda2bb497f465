/* Joins words for a shell.
 * Must not change what a line does. */
#include "shell_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Words that a shell does itself, and that "exec" would look for in vain or find another of. */
static const char *const shell_words[] = {
    ".",       ":",       "[",      "alias",  "bg",       "bind",    "break",     "builtin",
    "caller",  "case",    "cd",     "chdir",  "command",  "compgen", "complete",  "continue",
    "coproc",  "declare", "dirs",   "disown", "do",       "done",    "echo",      "elif",
    "else",    "enable",  "esac",   "eval",   "exec",     "exit",    "export",    "false",
    "fc",      "fg",      "fi",     "for",    "function", "getopts", "hash",      "help",
    "history", "if",      "in",     "jobs",   "kill",     "let",     "local",     "logout",
    "mapfile", "popd",    "printf", "pushd",  "pwd",      "read",    "readarray", "readonly",
    "return",  "select",  "set",    "shift",  "shopt",    "source",  "suspend",   "test",
    "then",    "time",    "times",  "trap",   "true",     "type",    "typeset",   "ulimit",
    "umask",   "unalias", "unset",  "until",  "wait",     "while",
};

static bool is_shell_word(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof shell_words / sizeof *shell_words; i++) {
        if (strlen(shell_words[i]) == len && memcmp(shell_words[i], word, len) == 0)
            return true;
    }
    return false;
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
    return line[strcspn(line, ";&|<>()`{}#\n\\")] == '\0' && !is_shell_word(line, first);
}

char *shell_line_join(char *const words[])
{
    static const char prefix[] = "exec ";
    size_t size = sizeof prefix;
    char *line, *end;

    for (char *const *word = words; *word != NULL; word++)
        size += strlen(*word) + 1;
    line = malloc(size);
    if (line == NULL)
        return NULL;
    /* Written behind the prefix, which goes in front only where it fits the line. */
    end = line + strlen(prefix);
    *end = '\0';
    for (; *words != NULL; words++) {
        end = stpcpy(end, *words);
        if (words[1] != NULL)
            end = stpcpy(end, " ");
    }
    if (is_plain_command(line + strlen(prefix)))
        memcpy(line, prefix, strlen(prefix));
    else
        memmove(line, line + strlen(prefix), size - strlen(prefix));
    return line;
}
