/* Widths of characters, as the C library knows them.
 * Must not clean a text: whoever has it does. */
#include "text_width.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

void text_width_use_utf8(void)
{
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        setlocale(LC_CTYPE, "");
}

size_t text_width_cut(const char *text, size_t columns, size_t *used_columns)
{
    size_t left = strlen(text), used = 0;
    const char *at = text;
    mbstate_t state = {0};

    *used_columns = 0;
    while (left > 0) {
        wchar_t character = 0;
        size_t len = mbrtowc(&character, at, left, &state);
        int width = 1;

        if (len == 0 || len > left) {
            memset(&state, 0, sizeof state);
            len = 1;
        } else {
            width = wcwidth(character);
        }
        used += width >= 0 ? (size_t)width : 1;
        if (used > columns)
            break;
        *used_columns = used;
        at += len;
        left -= len;
    }
    return (size_t)(at - text);
}

size_t text_width(const char *text)
{
    size_t columns;

    text_width_cut(text, (size_t)-1, &columns);
    return columns;
}
