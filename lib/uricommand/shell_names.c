/* The builtins and keywords of sh, as dash and bash have them.
 * Must not ask a shell: which one runs the command later is not known here. */
#include "shell_names.h"

#include <string.h>

static const char *const builtin_only[] = {
    ":",     ".",      "alias",    "bg",      "break", "cd",      "command", "continue",
    "eval",  "exec",   "exit",     "export",  "fg",    "getopts", "hash",    "jobs",
    "local", "read",   "readonly", "return",  "set",   "shift",   "times",   "trap",
    "type",  "ulimit", "umask",    "unalias", "unset", "wait",
};

static const char *const others[] = {
    "[",       "bind",    "builtin", "caller", "case",      "chdir",   "compgen", "complete",
    "coproc",  "declare", "dirs",    "disown", "do",        "done",    "echo",    "elif",
    "else",    "enable",  "esac",    "false",  "fc",        "fi",      "for",     "function",
    "help",    "history", "if",      "in",     "kill",      "let",     "logout",  "mapfile",
    "popd",    "printf",  "pushd",   "pwd",    "readarray", "select",  "shopt",   "source",
    "suspend", "test",    "then",    "time",   "true",      "typeset", "until",   "while",
};

static bool has(const char *const *names, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return true;
    }
    return false;
}

bool shell_name_is_builtin_only(const char *name, size_t len)
{
    return has(builtin_only, sizeof builtin_only / sizeof *builtin_only, name, len);
}

bool shell_name_is_known(const char *name, size_t len)
{
    return shell_name_is_builtin_only(name, len) ||
           has(others, sizeof others / sizeof *others, name, len);
}

bool shell_name_has_arguments(const char *shell)
{
    static const char blanks[] = " \t\n";
    size_t end = strlen(shell);
    size_t start;

    while (end > 0 && strchr(blanks, shell[end - 1]) != NULL)
        end--;
    for (start = end; start > 0 && strchr(blanks, shell[start - 1]) == NULL; start--)
        continue;
    return start > strspn(shell, blanks) && shell[start] == '-';
}
