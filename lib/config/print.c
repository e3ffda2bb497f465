/* Shows settings as they were understood.
 * Must not change what is shown: it has to be readable as a configuration again. */

#include "config.h"

static void print_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\x%02x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void print_value(FILE *out, const struct conf_node *node)
{
    const char *between = node->kind == CONF_LIST ? ", " : " ";

    if (node->name != NULL)
        fprintf(out, "%s = ", node->name);
    if (node->kind == CONF_TEXT)
        print_text(out, node->text);
    else if (node->text != NULL)
        fputs(node->text, out);
    else {
        fputs(node->kind == CONF_LIST ? "(" : "{ ", out);
        for (size_t i = 0; i < node->count; i++) {
            fputs(i > 0 ? between : "", out);
            print_value(out, &node->children[i]);
        }
        fputs(node->kind == CONF_LIST ? ")" : " }", out);
    }
    if (node->name != NULL)
        fputc(';', out);
}

static void print_place(FILE *out, const struct conf_node *node)
{
    fprintf(out, " # %s:%u\n", node->file, node->line);
}

/* Sections may be many, and of several files: a line each. */
static void print_sections(FILE *out, const struct conf_node *list)
{
    fprintf(out, "%s = (\n", list->name);
    for (size_t i = 0; i < list->count; i++) {
        fputs("  ", out);
        print_value(out, &list->children[i]);
        fputs(i + 1 < list->count ? "," : "", out);
        print_place(out, &list->children[i]);
    }
    fputs(");\n", out);
}

void conf_print(const struct conf *config, FILE *out)
{
    const struct conf_node *root = conf_root(config);

    for (size_t i = 0; i < root->count; i++) {
        const struct conf_node *node = &root->children[i];

        if (node->kind == CONF_LIST && node->count > 0 && node->children[0].kind == CONF_SECTION) {
            print_sections(out, node);
            continue;
        }
        print_value(out, node);
        print_place(out, node);
    }
}
