/* Goes over the words of a configuration file.
 * Must not care whether they make sense together: libconfig does. */
#include "scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "node.h"

struct scanner {
    struct conf_scan *scan;
    struct conf_faults *faults;
    struct conf_node at; /* where we are */
    const char *text;
    unsigned depth; /* of brackets */
};

static void keep(struct scanner *scanner, size_t len)
{
    for (size_t i = 0; i < len; i++)
        scanner->at.line += scanner->text[i] == '\n';
    buffer_add(&scanner->scan->text, scanner->text, len);
    scanner->text += len;
}

/* Keeps all up to the end that is found, or tells that there is none and keeps the rest. */
static void keep_until(struct scanner *scanner, const char *end, size_t end_len, const char *what)
{
    if (end == NULL) {
        conf_fault(scanner->faults, &scanner->at, "%s begins here and does not end", what);
        keep(scanner, strlen(scanner->text));
    } else {
        keep(scanner, (size_t)(end - scanner->text) + end_len);
    }
}

static const char *end_of_string(const char *text)
{
    for (text++; *text != '\0' && *text != '"'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
    }
    return *text == '"' ? text : NULL;
}

/* An integer of libconfig's, decimal or with 0x, with or without its sign and the L of 64 bits. */
static bool is_integer(const char *word, size_t len, bool *has_suffix, bool *fits)
{
    size_t at = word[0] == '-' || word[0] == '+', digits;
    bool hex = word[at] == '0' && (word[at + 1] | 0x20) == 'x';
    uint64_t value, most = (uint64_t)INT64_MAX + (word[0] == '-');
    char number[24] = "";

    at += hex ? 2 : 0;
    for (digits = 0; at + digits < len && (hex ? isxdigit((unsigned char)word[at + digits])
                                               : isdigit((unsigned char)word[at + digits]));
         digits++)
        ;
    *has_suffix = at + digits < len;
    if (digits == 0 || strspn(word + at + digits, "L") < len - at - digits)
        return false;
    *fits = hex ? digits <= 15 : digits < sizeof number;
    if (!hex && *fits) {
        memcpy(number, word + at, digits);
        *fits = number_parse(number, most, &value) == 0;
    }
    return true;
}

static void keep_number(struct scanner *scanner)
{
    size_t len = strspn(scanner->text + 1, "0123456789abcdefABCDEFxXL.+-") + 1;
    bool has_suffix, fits;
    int shown = len < 40 ? (int)len : 40;

    if (!is_integer(scanner->text, len, &has_suffix, &fits)) {
        keep(scanner, len);
        return;
    }
    if (!fits)
        conf_fault(scanner->faults, &scanner->at, "%.*s is too large", shown, scanner->text);
    keep(scanner, len);
    if (!has_suffix)
        buffer_add_text(&scanner->scan->text, "L");
}

/* The name in @include "NAME", with its quotes, and its end; NULL where that is not there.  One
 * that goes on over lines is no name. */
static const char *find_name(const char *text, const char **end)
{
    static const char word[] = "@include";
    const char *name;

    if (strncmp(text, word, sizeof word - 1) != 0)
        return NULL;
    name = text + sizeof word - 1;
    name += strspn(name, " \t");
    *end = *name == '"' ? end_of_string(name) : NULL;
    return *end != NULL && memchr(name, '\n', (size_t)(*end - name)) == NULL ? name : NULL;
}

/* Takes an include out.  What is wrong with it otherwise, libconfig says. */
static int take_include(struct scanner *scanner)
{
    const char *end, *name = find_name(scanner->text, &end);
    struct conf_node *include;

    if (name == NULL) {
        keep(scanner, 1);
        return 0;
    }
    scanner->text = end + 1;
    if (scanner->depth > 0) {
        conf_fault(scanner->faults, &scanner->at, "@include stands between settings, not in one");
        return 0;
    }
    include = conf_node_add(&scanner->scan->includes, NULL, CONF_TEXT, name + 1);
    if (include == NULL)
        return -1;
    include->text[end - name - 1] = '\0';
    include->line = scanner->at.line;
    return 0;
}

static int take_one(struct scanner *scanner)
{
    const char *text = scanner->text;

    if (*text == '"')
        keep_until(scanner, end_of_string(text), 1, "a text");
    else if (strncmp(text, "/*", 2) == 0)
        keep_until(scanner, strstr(text + 2, "*/"), 2, "a comment");
    else if (*text == '#' || strncmp(text, "//", 2) == 0)
        keep(scanner, strcspn(text, "\n"));
    else if (*text == '@')
        return take_include(scanner);
    else if (isalpha((unsigned char)*text) || *text == '*')
        keep(scanner, strspn(text + 1, "0123456789-_*"
                                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") +
                          1);
    else if (isdigit((unsigned char)*text) || *text == '-' || *text == '+' || *text == '.')
        keep_number(scanner);
    else {
        scanner->depth += strchr("{[(", *text) != NULL;
        scanner->depth -= strchr("}])", *text) != NULL && scanner->depth > 0;
        keep(scanner, 1);
    }
    return 0;
}

int conf_scan(struct conf_scan *scan, const char *file, const char *text,
              struct conf_faults *faults)
{
    struct scanner scanner = {
        .scan = scan, .faults = faults, .at = {.file = file, .line = 1}, .text = text};

    *scan = (struct conf_scan){.includes = {.kind = CONF_LIST, .file = file}};
    while (*scanner.text != '\0') {
        if (take_one(&scanner) != 0 || scan->text.failed) {
            conf_scan_fini(scan);
            errno = ENOMEM;
            return -1;
        }
    }
    return 0;
}

void conf_scan_fini(struct conf_scan *scan)
{
    buffer_fini(&scan->text);
    conf_node_fini(&scan->includes);
}
