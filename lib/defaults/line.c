/* Takes a line of a clients' file apart.
 * Must not know which settings there are. */
#include "line.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

static bool is_name(const char *name)
{
    const char *at = name;

    while ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '-')
        at++;
    return at > name && *at == '\0';
}

/* Ends a text behind its last letter. */
static void end_at(const char *start, char *end)
{
    while (end > start && is_blank(end[-1]))
        end--;
    *end = '\0';
}

/* Where the comment begins, or the line ends. */
static char *find_comment(char *at)
{
    for (; *at != '\0'; at++) {
        if (*at == '#' && is_blank(at[-1]))
            break;
    }
    return at;
}

static const char *read_quoted(char *at, char **value)
{
    char *end = strchr(at + 1, '"');

    if (end == NULL)
        return "the quote at the beginning of the value has no other behind it";
    *value = at + 1;
    *end = '\0';
    at = skip_blanks(end + 1);
    return *at == '\0' || *at == '#' ? NULL : "there is something behind the value in quotes";
}

static const char *read_value(char *at, char **value)
{
    for (const char *c = at; *c != '\0'; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t' && *c != '\r') || *c == 0x7f)
            return "there is a control character in the value";
    }
    at = skip_blanks(at);
    if (*at == '"')
        return read_quoted(at, value);
    *value = at;
    end_at(at, find_comment(at));
    return NULL;
}

const char *defaults_line_parse(char *line, char **name, char **value)
{
    char *equals, *at = skip_blanks(line);
    const char *fault;

    *name = *value = NULL;
    if (*at == '\0' || *at == '#')
        return NULL;
    equals = strchr(at, '=');
    if (equals == NULL)
        return "this is no setting; write NAME = VALUE, or # before a comment";
    end_at(at, equals);
    if (!is_name(at))
        return "the name of the setting is none; it has small letters, digits and dashes";
    fault = read_value(equals + 1, value);
    if (fault == NULL && **value == '\0')
        fault = "the setting has no value; put # before it where it is to say nothing";
    if (fault == NULL)
        *name = at;
    else
        *value = NULL;
    return fault;
}
