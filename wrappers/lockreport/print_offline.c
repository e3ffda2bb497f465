/* Locks that are out of use as text and JSON.
 * Must not let a name harm a terminal. */
#include "print_offline.h"

#include <stdlib.h>

#include "base/rfc3339.h"
#include "base/text.h"
#include "json_put.h"
#include "list/member.h"
#include "times.h"

enum { SHOWN_MOST = 20 };

static void print_text(const char *text, FILE *out)
{
    char *clean = text_clean_dup(text);

    fputs(clean != NULL ? clean : "?", out);
    free(clean);
}

static void print_lock(const struct offline_lock *lock, FILE *out)
{
    char until[REPORT_TIME_SIZE];

    print_text(lock->name, out);
    if (lock->until_ms != INT64_MAX) {
        report_format_time(until, lock->until_ms);
        fprintf(out, ", until %s", until);
    }
    if (lock->reason != NULL) {
        fputs(": ", out);
        print_text(lock->reason, out);
    }
    fputc('\n', out);
}

void print_offline(const struct offline_list *list, FILE *out)
{
    if (list->count == 0)
        return;
    fputs("\nOut of use now:\n", out);
    for (size_t i = 0; i < list->count && i < SHOWN_MOST; i++)
        print_lock(&list->items[i], out);
    if (list->count > SHOWN_MOST)
        fprintf(out, "and %zu others, see --json\n", list->count - SHOWN_MOST);
}

static struct json_object *new_lock(const struct offline_lock *lock)
{
    struct json_object *object = json_object_new_object();
    char until[RFC3339_SIZE] = "";

    if (lock->until_ms != INT64_MAX)
        rfc3339_format(until, lock->until_ms);
    if (object != NULL && json_put_text(object, "lock", lock->name) &&
        json_put_text(object, "until", until) && json_put_text(object, "reason", lock->reason))
        return object;
    json_object_put(object);
    return NULL;
}

struct json_object *print_offline_json(const struct offline_list *list)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; array != NULL && i < list->count; i++) {
        if (!member_append(array, new_lock(&list->items[i]))) {
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}
