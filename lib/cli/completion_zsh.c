/* Completion for zsh, by its _arguments.
 * Must not let a name that a server tells be taken for shell text. */
#include "completion_zsh.h"

#include <stddef.h>

#include "completion_text.h"

/* Puts text into a specification for _arguments, which stands in single quotes. */
static void print_quoted(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char one[] = {*text, '\0'};

        if (*text == '\'')
            fputs("'\\''", out);
        else
            completion_print_escaped(out, one, "[]:\\");
    }
}

/* What _arguments is to do for an argument or a word. */
static void print_action(FILE *out, enum option_completion completion, const char *words)
{
    static const char *const actions[] = {
        [COMPLETE_NOTHING] = " ",
        [COMPLETE_FILE] = "_files",
        [COMPLETE_FOLDER] = "_files -/",
        [COMPLETE_HOST] = "_farmlock_hosts",
        [COMPLETE_COMMAND] = "_command_names -e",
        [COMPLETE_USER] = "_users",
        [COMPLETE_LOCK] = "_farmlock_locks",
    };

    if (completion != COMPLETE_WORDS) {
        fputs(actions[completion], out);
        return;
    }
    fputc('(', out);
    completion_print_words(out, words, " ");
    fputc(')', out);
}

static void print_option(FILE *out, const struct option_spec *option, const char *name)
{
    /* -w5 and -w 5; --timeout=5 and --timeout 5; what has an argument may come again. */
    const bool is_long = name[1] == '-';

    fprintf(out, " \\\n    '%s%s%s[", option->argument != NULL ? "*" : "", name,
            option->argument == NULL ? ""
            : is_long                ? "="
                                     : "+");
    print_quoted(out, option->help);
    fputc(']', out);
    if (option->argument != NULL) {
        fputc(':', out);
        print_quoted(out, option->argument);
        fputc(':', out);
        print_action(out, option->completion, option->words);
    }
    fputc('\'', out);
}

static void print_options(FILE *out, const struct command_line *line)
{
    char name[64];

    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        snprintf(name, sizeof name, "--%s", option->name);
        print_option(out, option, name);
        if (option->no_help != NULL) {
            fprintf(out, " \\\n    '--no%s[", option->name);
            print_quoted(out, option->no_help);
            fputs("]'", out);
        }
        snprintf(name, sizeof name, "-%c", option->letter);
        if (option->letter != '\0')
            print_option(out, option, name);
    }
}

static void print_words(FILE *out, const struct command_line *line)
{
    if (line->words == WORDS_COMMAND) {
        fputs(" \\\n    '(-)1:command:_command_names -e' '*::arguments:_normal'", out);
    } else if (line->words != WORDS_NONE) {
        fprintf(out, " \\\n    '%s:word:", line->words == WORDS_MIXED ? "1" : "*");
        print_action(out, line->completion, line->candidates);
        fprintf(out, "'%s", line->words == WORDS_MIXED ? " '*:word:()'" : "");
    }
}

void completion_print_zsh(FILE *out, const struct command_line *line)
{
    fprintf(out,
            "#compdef %s\n# zsh completion for %s, as %s --completion zsh prints it\n\n"
            "(( $+functions[_farmlock_locks] )) || _farmlock_locks() {\n"
            "    local -a names\n"
            "    names=(${${(f)\"$(" COMPLETION_ASK_LOCKS " 2>/dev/null </dev/null)\"}%%%% *})\n"
            "    compset -P '*:'\n"
            "    compadd -a names\n"
            "}\n"
            "(( $+functions[_farmlock_hosts] )) || _farmlock_hosts() {\n"
            "    compset -P '*:'\n"
            "    _hosts\n"
            "}\n\n",
            line->program, line->program, line->program);
    fprintf(out, "_arguments -s -S%s :", line->words == WORDS_MIXED ? "" : " -A '-*'");
    print_options(out, line);
    print_words(out, line);
    fputc('\n', out);
}
