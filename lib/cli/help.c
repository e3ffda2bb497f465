/* Lays out what --help prints.
 * Must not decide where it goes. */
#include "help.h"

#include <stdbool.h>
#include <string.h>

#include "option_name.h"

/* What is longer in the left column than this has its text on the next line. */
enum { WIDTH = 80, LEFT_MAX = 30, LEFT_SIZE = 64, GAP = 2 };

/* Prints words in lines that begin at a column, where the first line is already. */
static void print_wrapped(FILE *out, const char *text, size_t column)
{
    size_t at = column;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (at > column && at + 1 + len > WIDTH) {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, len, out);
        at += len;
        text += len + (text[len] == ' ');
    }
    fputc('\n', out);
}

/* The left column of an option.  Returns its width, 0 for what is not shown. */
static size_t format_left(char left[LEFT_SIZE], const struct option_spec *option, bool negated)
{
    const char letter[] = {'-', option->letter, ',', ' ', '\0'};
    bool has_letter = option->letter != '\0' && !negated;

    if (option->type == OPTION_GROUP || option->type == OPTION_COMPLETION ||
        (negated && option->no_help == NULL))
        return 0;
    return (size_t)snprintf(left, LEFT_SIZE, "  %s--%s%s%s%s", has_letter ? letter : "    ",
                            negated ? "no" : "", option->name, option->argument != NULL ? " " : "",
                            option->argument != NULL ? option->argument : "");
}

/* Where the right column begins. */
static size_t find_column(const struct option_spec *table)
{
    size_t widest = 0;

    for (const struct option_spec *option = option_after(table, NULL); option != NULL;
         option = option_after(table, option)) {
        char left[LEFT_SIZE];

        for (int negated = 0; negated < 2; negated++) {
            size_t width = format_left(left, option, negated == 1);

            if (width > widest && width <= LEFT_MAX)
                widest = width;
        }
    }
    return widest + GAP;
}

static void print_option(FILE *out, const struct option_spec *option, bool negated, size_t column)
{
    char left[LEFT_SIZE];
    size_t width = format_left(left, option, negated);

    if (width == 0)
        return;
    if (width + GAP <= column)
        fprintf(out, "%-*s", (int)column, left);
    else
        fprintf(out, "%s\n%*s", left, (int)column, "");
    print_wrapped(out, negated ? option->no_help : option->help, column);
}

static void print_options(FILE *out, const struct option_spec *table)
{
    size_t column = find_column(table);
    bool is_grouped = table->type == OPTION_GROUP;

    for (const struct option_spec *option = option_after(table, NULL); option != NULL;
         option = option_after(table, option)) {
        if (option->type == OPTION_GROUP)
            fprintf(out, "\n%s:\n", option->name);
        else if ((option->type == OPTION_HELP && is_grouped) || (option == table && !is_grouped))
            fputc('\n', out);
        print_option(out, option, false, column);
        print_option(out, option, true, column);
    }
}

static void print_usage(FILE *out, const char *usage)
{
    const char *before = "Usage: ";

    for (size_t len; *usage != '\0'; usage += len + (usage[len] == '\n'), before = "       ") {
        len = strcspn(usage, "\n");
        fprintf(out, "%s%.*s\n", before, (int)len, usage);
    }
}

void help_print(FILE *out, const struct command_line *line)
{
    print_usage(out, line->usage);
    print_wrapped(out, line->summary, 0);
    print_options(out, line->options);
    fputc('\n', out);
    print_wrapped(out, line->notes, 0);
}
