/* Completion for tcsh, as one line for each program.
 * Must not offer a name that tcsh would read as anything else: it has no way to quote one. */
#include "completion_tcsh.h"

#include <stddef.h>

#include "completion_text.h"

static const char locks[] = "`sh -c \"" COMPLETION_ASK_LOCKS " 2>/dev/null </dev/null\""
                            " | cut -d \" \" -f 1 | grep -x \"[A-Za-z0-9._+@%-]*\"`";

/* Lists stand between commas, in single quotes. */
static void print_list(FILE *out, enum option_completion completion, const char *words)
{
    static const char *const lists[] = {
        [COMPLETE_NOTHING] = "x:give a value:",
        [COMPLETE_FILE] = "f",
        [COMPLETE_FOLDER] = "d",
        [COMPLETE_HOST] = "`getent hosts | tr -s \" \" \"\\n\"`",
        [COMPLETE_COMMAND] = "c",
        [COMPLETE_USER] = "u",
        [COMPLETE_LOCK] = locks,
    };

    if (completion != COMPLETE_WORDS) {
        fputs(lists[completion], out);
        return;
    }
    fputc('(', out);
    completion_print_words(out, words, " ");
    fputc(')', out);
}

static void print_argument(FILE *out, const struct option_spec *option, const char *name)
{
    fprintf(out, " 'n,%s,", name);
    print_list(out, option->completion, option->words);
    fputs(",'", out);
}

static void print_arguments(FILE *out, const struct command_line *line)
{
    char name[64];

    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        if (option->argument == NULL)
            continue;
        snprintf(name, sizeof name, "--%s", option->name);
        print_argument(out, option, name);
        snprintf(name, sizeof name, "-%c", option->letter);
        if (option->letter != '\0')
            print_argument(out, option, name);
    }
}

void completion_print_tcsh(FILE *out, const struct command_line *line)
{
    fprintf(out, "complete %s 'c,--,(", line->program);
    completion_print_names(out, line, " ");
    fputs(" ),'", out);
    print_arguments(out, line);
    /* tcsh cannot tell a command's words from ours: a path is a file, else it is a command. */
    if (line->words == WORDS_COMMAND)
        fputs(" 'C,*/,f,' 'p,*,c,'", out);
    else if (line->words == WORDS_MIXED || line->words == WORDS_LAST) {
        fputs(" 'p,*,", out);
        print_list(out, line->completion, line->candidates);
        fputs(",'", out);
    }
    fputc('\n', out);
}
