/* Lines of a table for spreadsheets.
 * Must not leave a text bare. */
#include "csv.h"

#include <stdlib.h>

#include "base/text.h"

void csv_print_text(const char *text, FILE *out)
{
    char *clean = text_clean_dup(text);

    fputc('"', out);
    for (const char *c = clean != NULL ? clean : "?"; *c != '\0'; c++) {
        if (*c == '"')
            fputc('"', out);
        fputc(*c, out);
    }
    fputc('"', out);
    free(clean);
}

void csv_print_object(struct json_object *object, bool titles, FILE *out)
{
    const char *comma = "";

    json_object_object_foreach(object, key, value)
    {
        fputs(comma, out);
        comma = ",";
        if (titles)
            fputs(key, out);
        else if (json_object_is_type(value, json_type_string))
            csv_print_text(json_object_get_string(value), out);
        else if (value != NULL)
            fputs(json_object_to_json_string(value), out);
    }
    fputs("\r\n", out);
}
