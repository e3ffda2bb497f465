/* Prints what was held, or asked for in vain, entry by entry.
 * Must not keep any of them: a history may be longer than the memory. */
#include "rows.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/rfc3339.h"
#include "csv.h"
#include "print_holes.h"
#include "row_data.h"
#include "row_line.h"

static bool is_wanted(const struct rows *rows, const struct store_history *entry)
{
    if ((entry->past != STORE_PAST_HOLD) != rows->in_vain || entry->asked_ms >= rows->until_ms)
        return false;
    if (rows->in_vain ? entry->ended_ms < rows->since_ms || entry->ended_ms >= rows->until_ms
                      : entry->granted_ms >= rows->until_ms ||
                            (entry->ended_ms != 0 && entry->ended_ms < rows->since_ms))
        return false;
    return wanted_pools_concern(&rows->pools, entry);
}

static int print_row(const struct rows *rows, const struct store_history *entry, bool titles)
{
    struct json_object *row = row_data_create(entry);

    if (row == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (rows->format == ROWS_CSV) {
        csv_print_object(row, titles, rows->out);
    } else {
        fprintf(rows->out, "%s\n    %s", rows->count > 0 ? "," : "",
                json_object_to_json_string_ext(row, JSON_C_TO_STRING_NOSLASHESCAPE));
    }
    json_object_put(row);
    return 0;
}

int rows_take(void *context, const struct store_history *entry)
{
    struct rows *rows = context;
    int result = 0;

    if (!is_wanted(rows, entry))
        return 0;
    if (rows->format == ROWS_TABLE)
        row_line_print(rows, entry);
    else
        result = print_row(rows, entry, false);
    rows->count++;
    return result == 0 && ferror(rows->out) ? -1 : result;
}

int rows_begin(const struct rows *rows)
{
    const struct store_history nothing = {.lock = "", .owner = ""};
    char since[RFC3339_SIZE], until[RFC3339_SIZE];

    if (rows->format == ROWS_CSV)
        return print_row(rows, &nothing, true);
    if (rows->format == ROWS_TABLE) {
        row_line_titles(rows);
        return 0;
    }
    rfc3339_format(since, rows->since_ms);
    rfc3339_format(until, rows->until_ms);
    fprintf(rows->out,
            "{\n  \"version\": 1,\n  \"since\": \"%s\",\n  \"until\": \"%s\",\n  \"rows\": [",
            since, until);
    return 0;
}

static int end_json(const struct rows *rows)
{
    struct json_object *holes = print_holes_json(&rows->holes);

    if (holes == NULL) {
        errno = ENOMEM;
        return -1;
    }
    fprintf(rows->out, "%s],\n  \"holes\": %s\n}\n", rows->count > 0 ? "\n  " : "",
            json_object_to_json_string_ext(holes, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(holes);
    return 0;
}

int rows_end(struct rows *rows)
{
    hole_list_sort(&rows->holes);
    if (rows->format == ROWS_JSON)
        return end_json(rows);
    if (rows->format == ROWS_CSV) {
        print_holes_beside(&rows->holes);
        return 0;
    }
    if (rows->count == 0)
        fputs(rows->in_vain ? "Nothing was asked for in vain.\n" : "Nothing was held.\n",
              rows->out);
    if (rows->holes.count > 0)
        fputc('\n', rows->out);
    print_holes(&rows->holes, "Note: ", rows->out);
    return 0;
}
