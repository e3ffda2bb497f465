/* Pieces of text that several shells' completions are made of.
 * Must not know how any of them quotes. */
#include "completion_text.h"

#include <string.h>

#include "option_name.h"

const struct option_spec *completion_after(const struct command_line *line,
                                           const struct option_spec *option)
{
    do {
        option = option_after(line->options, option);
    } while (option != NULL && (option->type == OPTION_GROUP || option->type == OPTION_COMPLETION));
    return option;
}

void completion_print_words(FILE *out, const char *words, const char *between)
{
    for (size_t len; *words != '\0'; words += len + (words[len] == '|')) {
        len = strcspn(words, "|");
        fprintf(out, "%.*s%s", (int)len, words, words[len] == '|' ? between : "");
    }
}

void completion_print_names(FILE *out, const struct command_line *line, const char *before)
{
    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        fprintf(out, "%s%s", before, option->name);
        if (option->no_help != NULL)
            fprintf(out, "%sno%s", before, option->name);
    }
}

void completion_print_escaped(FILE *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            fputc('\\', out);
        fputc(*text, out);
    }
}
