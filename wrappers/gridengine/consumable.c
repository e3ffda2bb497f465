/* Consumables, in what qconf(1) prints.
 * Must not take a name for another that begins like it. */
#include "consumable.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

static const char blanks[] = " \t\r\n\\";

/* The next word behind *at, of which it returns the length; 0 at the end of the line. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, " \t");
    return strcspn(*at, " \t\r\n");
}

/* Columns: name shortcut type relop requestable consumable default urgency. */
enum consumable_kind consumable_kind(const char *table, const char *name)
{
    enum { CONSUMABLE_COLUMN = 5 };
    size_t len;

    for (const char *line = table; line != NULL; line = strchr(line, '\n')) {
        const char *at = line + (*line == '\n');

        line = at;
        len = next_word(&at);
        if (len != strlen(name) || strncmp(at, name, len) != 0)
            continue;
        for (int i = 0; i < CONSUMABLE_COLUMN; i++) {
            at += len;
            len = next_word(&at);
        }
        return len == 0 || strncmp(at, "NO", len) == 0 ? CONSUMABLE_FIXED : CONSUMABLE_USED;
    }
    return CONSUMABLE_ABSENT;
}

/* "complex_values        lic=2,other=7", in lines that a backslash joins. */
bool consumable_amount(const char *host, const char *name, uint64_t *amount)
{
    static const char key[] = "complex_values";
    const char *at = strstr(host, key);
    size_t len = strlen(name);

    if (at == NULL)
        return false;
    at += sizeof key - 1;
    for (at += strspn(at, blanks); *at != '\0'; at += strspn(at, blanks)) {
        size_t entry_len = strcspn(at, ", \t\r\n\\");

        if (entry_len > len && strncmp(at, name, len) == 0 && at[len] == '=') {
            char text[24];

            snprintf(text, sizeof text, "%.*s", (int)(entry_len - len - 1), at + len + 1);
            text[strcspn(text, ".")] = '\0';
            return number_parse(text, UINT32_MAX, amount) == 0;
        }
        at += entry_len + strspn(at + entry_len, blanks);
        if (*at != ',')
            return false;
        at++;
    }
    return false;
}
