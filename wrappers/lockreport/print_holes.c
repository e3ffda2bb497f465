/* Holes as text and JSON.
 * Must not say for sure what nobody knows. */
#include "print_holes.h"

#include <inttypes.h>

#include "base/rfc3339.h"
#include "list/member.h"
#include "times.h"

static const char *const reasons[] = {
    [HOLE_AWAY] = "is missing here: this lockerd was away longer than the outbox keeps it",
    [HOLE_NEW_ETCD] = "may be missing here: etcd was set up anew",
    [HOLE_EARLIER] = "may be missing here: etcd was put back to an earlier time",
    [HOLE_OTHER] = "may be missing here",
};

static void print_hole(const struct hole *hole, FILE *out)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];

    report_format_time(since, hole->since_ms);
    report_format_time(until, hole->until_ms);
    fprintf(out, "history of %s to %s %s", since, until, reasons[hole->why]);
    if (hole->count > 0)
        fprintf(out, " (%" PRIu64 " entries or more)", hole->count);
    fputc('\n', out);
}

void print_holes(const struct hole_list *list, const char *before, FILE *out)
{
    for (size_t i = 0; i < list->count; i++) {
        fputs(before, out);
        print_hole(&list->items[i], out);
    }
}

void print_holes_beside(const struct hole_list *list)
{
    print_holes(list, "lockreport: ", stderr);
}

static struct json_object *new_hole(const struct hole *hole)
{
    struct json_object *object = json_object_new_object(), *count = NULL;
    char since[RFC3339_SIZE], until[RFC3339_SIZE];

    rfc3339_format(since, hole->since_ms);
    rfc3339_format(until, hole->until_ms);
    if (hole->count > 0)
        count = json_object_new_uint64(hole->count);
    if (member_put(object, "since", json_object_new_string(since)) &&
        member_put(object, "until", json_object_new_string(until)) &&
        json_object_object_add(object, "entries_at_least", count) == 0 &&
        member_put(object, "why", json_object_new_string(hole_why_word(hole->why))))
        return object;
    json_object_put(object);
    return NULL;
}

struct json_object *print_holes_json(const struct hole_list *list)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; array != NULL && i < list->count; i++) {
        if (!member_append(array, new_hole(&list->items[i]))) {
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}
