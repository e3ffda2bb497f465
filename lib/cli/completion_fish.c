/* Completion for fish.
 * Must not let a name that a server tells be taken for shell text. */
#include "completion_fish.h"

#include <stddef.h>

#include "completion_text.h"

static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    completion_print_escaped(out, text, "'\\");
    fputc('\'', out);
}

/* Where the candidates come from; -x: they are not files, -r: they are. */
static void print_source(FILE *out, enum option_completion completion, const char *words)
{
    static const char *const sources[] = {
        [COMPLETE_NOTHING] = " -x",
        [COMPLETE_FILE] = " -r -F",
        [COMPLETE_FOLDER] = " -x -a '(__fish_complete_directories)'",
        [COMPLETE_HOST] = " -x -a '(__farmlock_lists __fish_print_hostnames)'",
        [COMPLETE_COMMAND] = " -x -a '(__fish_complete_command)'",
        [COMPLETE_USER] = " -x -a '(__fish_complete_users)'",
        [COMPLETE_LOCK] = " -x -a '(__farmlock_lists __farmlock_locks)'",
    };

    if (completion != COMPLETE_WORDS) {
        fputs(sources[completion], out);
        return;
    }
    fputs(" -x -a '", out);
    completion_print_words(out, words, " ");
    fputc('\'', out);
}

static void print_option(FILE *out, const struct command_line *line,
                         const struct option_spec *option)
{
    fprintf(out, "complete -c %s -n __farmlock_%s_options", line->program, line->program);
    if (option->letter != '\0')
        fprintf(out, " -s %c", option->letter);
    fprintf(out, " -l %s -d ", option->name);
    print_quoted(out, option->help);
    if (option->argument != NULL)
        print_source(out, option->completion, option->words);
    fputc('\n', out);
    if (option->no_help == NULL)
        return;
    fprintf(out, "complete -c %s -n __farmlock_%s_options -l no%s -d ", line->program,
            line->program, option->name);
    print_quoted(out, option->no_help);
    fputc('\n', out);
}

/* Prints the names behind which an argument follows, as words that begin with dashes. */
static void print_valued(FILE *out, const struct command_line *line)
{
    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        if (option->argument == NULL)
            continue;
        fprintf(out, " --%s -%s", option->name, option->name);
        if (option->letter != '\0')
            fprintf(out, " -%c", option->letter);
    }
}

/* The functions that all programs' files have, and the one that finds this program's words. */
static void print_functions(FILE *out, const struct command_line *line)
{
    fputs("function __farmlock_locks\n"
          "    " COMPLETION_ASK_LOCKS " 2>/dev/null </dev/null | string replace -r ' .*' ''\n"
          "end\n\n"
          "# Names that stand in a list with colons: what is before the last stays.\n"
          "function __farmlock_lists\n"
          "    set -l before (string match -r '^.*:' -- (commandline -ct | string replace -r"
          " '^--[a-z-]+=' ''))\n"
          "    set -l names ($argv)\n"
          "    string join -- \\n \"$before\"$names\n"
          "end\n\n",
          out);
    fprintf(out,
            "# The words behind the options, of those before the cursor.\n"
            "function __farmlock_%s_words\n"
            "    set -l words (commandline -opc)\n"
            "    set -e words[1]\n"
            "    while set -q words[1]\n"
            "        switch $words[1]\n"
            "            case --\n"
            "                set -e words[1]\n"
            "                break\n"
            "            case",
            line->program);
    print_valued(out, line);
    fprintf(out,
            "\n"
            "                set -e words[1]\n"
            "            case '-*'\n"
            "            case '*'\n"
            "                break\n"
            "        end\n"
            "        set -e words[1]\n"
            "    end\n"
            "    string join -- \\n $words\n"
            "end\n\n"
            "function __farmlock_%s_options\n",
            line->program);
    if (line->words == WORDS_MIXED)
        fputs("    true\nend\n\n", out);
    else
        fprintf(out, "    not count (__farmlock_%s_words) >/dev/null\nend\n\n", line->program);
}

/* The command's own completion, of what is there of it. */
static void print_command_function(FILE *out, const struct command_line *line)
{
    fprintf(out,
            "function __farmlock_%s_command\n"
            "    set -l words (string escape -- (__farmlock_%s_words)) (commandline -ct)\n"
            "    string match -q -- '-*' $words[1]; or complete -C \"$words\"\n"
            "end\n\n",
            line->program, line->program);
}

static void print_words(FILE *out, const struct command_line *line)
{
    fprintf(out, "complete -c %s", line->program);
    if (line->words == WORDS_COMMAND) {
        fprintf(out, " -x -a '(__farmlock_%s_command)'", line->program);
    } else if (line->words == WORDS_NONE) {
        fputs(" -f", out);
    } else if (line->words == WORDS_MIXED) {
        fprintf(out, " -f\ncomplete -c %s -n 'not count (__farmlock_%s_words) >/dev/null'",
                line->program, line->program);
        print_source(out, line->completion, line->candidates);
    } else {
        print_source(out, line->completion, line->candidates);
    }
    fputc('\n', out);
}

void completion_print_fish(FILE *out, const struct command_line *line)
{
    fprintf(out, "# fish completion for %s, as %s --completion fish prints it\n\n", line->program,
            line->program);
    print_functions(out, line);
    if (line->words == WORDS_COMMAND)
        print_command_function(out, line);
    print_words(out, line);
    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option))
        print_option(out, line, option);
}
