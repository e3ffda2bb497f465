/* A report as CSV or JSON.
 * Must not let a name harm a terminal or a file's format. */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/rfc3339.h"
#include "csv.h"
#include "json_put.h"
#include "list/member.h"
#include "print_breaks.h"
#include "print_holes.h"
#include "print_offline.h"

enum { NUMBER_SIZE = 32 };

/* Nothing where nobody knows how many there are. */
static const char *seconds_at_full(char out[NUMBER_SIZE], const struct report_group *group,
                                   int64_t ms)
{
    out[0] = '\0';
    if (group->capacity > 0)
        snprintf(out, NUMBER_SIZE, "%.3f", (double)ms / 1000);
    return out;
}

void report_print_csv(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out)
{
    fprintf(
        out,
        "%s,capacity,holds,busy_seconds,peak,mean,waits,wait_median_seconds,wait_p90_seconds,"
        "wait_worst_seconds,refused,left,share,full_seconds,waiting_full_seconds,"
        "hold_median_seconds,hold_p90_seconds,hold_longest_seconds,granted,granted_late,uid\r\n",
        report_by_name(report_by(report)));
    for (size_t i = 0; i < count; i++) {
        const struct report_group *group = &groups[i];
        char full[NUMBER_SIZE], waiting[NUMBER_SIZE];

        csv_print_text(group->name, out);
        if (group->capacity > 0)
            fprintf(out, ",%zu", group->capacity);
        else
            fputc(',', out);
        fprintf(out, ",%zu,%.3f,%zu,%.4f,%zu,%.3f,%.3f,%.3f,%zu,%zu,", group->holds,
                (double)group->busy_ms / 1000, group->peak, group->mean, group->waits,
                (double)group->wait.median_ms / 1000, (double)group->wait.p90_ms / 1000,
                (double)group->wait.longest_ms / 1000, group->refused, group->left);
        fprintf(out, "%.4f,%s,%s,%.3f,%.3f,%.3f,%zu,%zu,", group->share,
                seconds_at_full(full, group, group->full_ms),
                seconds_at_full(waiting, group, group->waiting_full_ms),
                (double)group->hold.median_ms / 1000, (double)group->hold.p90_ms / 1000,
                (double)group->hold.longest_ms / 1000, group->granted, group->granted_late);
        if (group->is_proven)
            fprintf(out, "%u", group->uid);
        fputs("\r\n", out);
    }
}

/* A line for each part of the time, and each group. */
void report_print_csv_over_time(struct report *report, const struct report_group *groups,
                                size_t count, FILE *out)
{
    const struct parts *parts = report_parts(report);

    fprintf(out, "from,until,%s,held,waiting,capacity\r\n", report_by_name(report_by(report)));
    for (size_t p = 0; p < parts->count; p++) {
        const struct span part = parts_get(parts, p);
        char from[RFC3339_SIZE], until[RFC3339_SIZE];

        rfc3339_format(from, part.from_ms);
        rfc3339_format(until, part.to_ms);
        for (size_t i = 0; i < count; i++) {
            fprintf(out, "%s,%s,", from, until);
            csv_print_text(groups[i].name, out);
            fprintf(out, ",%.4f,%.4f,", groups[i].held[p], groups[i].waiting[p]);
            if (groups[i].capacity > 0)
                fprintf(out, "%zu", groups[i].capacity);
            fputs("\r\n", out);
        }
    }
}

static struct json_object *new_number(double value, int digits)
{
    char text[64];

    snprintf(text, sizeof text, "%.*f", digits, value);
    return json_object_new_double_s(value, text);
}

/* Takes over `value`; remembers that one was missing. */
static void put(struct json_object *object, const char *key, struct json_object *value,
                bool *failed)
{
    if (!member_put(object, key, value))
        *failed = true;
}

static void put_seconds(struct json_object *object, const char *key, int64_t ms, bool *failed)
{
    *failed |= !json_put_seconds(object, key, ms);
}

static void put_at_full(struct json_object *object, const char *key,
                        const struct report_group *group, int64_t ms, bool *failed)
{
    if (group->capacity > 0)
        put_seconds(object, key, ms, failed);
    else
        json_object_object_add(object, key, NULL);
}

static void put_numbers(struct json_object *object, const char *key, const double *numbers,
                        size_t count, bool *failed)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < count; i++)
        *failed |= !member_append(list, new_number(numbers[i], 4));
    put(object, key, list, failed);
}

/* The beginnings of the parts of the time. */
static void put_starts(struct json_object *object, const struct parts *parts, bool *failed)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < parts->count; i++) {
        char start[RFC3339_SIZE];

        rfc3339_format(start, parts->starts_ms[i]);
        *failed |= !member_append(list, json_object_new_string(start));
    }
    put(object, "parts", list, failed);
}

static struct json_object *new_group(const struct report_group *group, size_t parts, bool *failed)
{
    struct json_object *object = json_object_new_object();

    if (group->name != NULL)
        put(object, "name", member_new_text(group->name), failed);
    if (group->capacity > 0)
        put(object, "capacity", json_object_new_uint64(group->capacity), failed);
    else
        json_object_object_add(object, "capacity", NULL);
    if (group->is_proven)
        put(object, "uid", json_object_new_int64(group->uid), failed);
    else
        json_object_object_add(object, "uid", NULL);
    put(object, "holds", json_object_new_uint64(group->holds), failed);
    put_seconds(object, "busy_seconds", group->busy_ms, failed);
    put(object, "peak", json_object_new_uint64(group->peak), failed);
    put(object, "mean", new_number(group->mean, 4), failed);
    put_numbers(object, "mean_over_time", group->slots, REPORT_SLOTS, failed);
    put(object, "waits", json_object_new_uint64(group->waits), failed);
    put_seconds(object, "wait_median_seconds", group->wait.median_ms, failed);
    put_seconds(object, "wait_p90_seconds", group->wait.p90_ms, failed);
    put_seconds(object, "wait_worst_seconds", group->wait.longest_ms, failed);
    put(object, "refused", json_object_new_uint64(group->refused), failed);
    put(object, "left", json_object_new_uint64(group->left), failed);
    put(object, "share", new_number(group->share, 4), failed);
    put_at_full(object, "full_seconds", group, group->full_ms, failed);
    put_at_full(object, "waiting_full_seconds", group, group->waiting_full_ms, failed);
    put_seconds(object, "hold_median_seconds", group->hold.median_ms, failed);
    put_seconds(object, "hold_p90_seconds", group->hold.p90_ms, failed);
    put_seconds(object, "hold_longest_seconds", group->hold.longest_ms, failed);
    put(object, "granted", json_object_new_uint64(group->granted), failed);
    put(object, "granted_late", json_object_new_uint64(group->granted_late), failed);
    if (parts > 0) {
        put_numbers(object, "held", group->held, parts, failed);
        put_numbers(object, "waiting", group->waiting, parts, failed);
    }
    return object;
}

int report_print_json(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out)
{
    struct json_object *root = json_object_new_object(), *list = json_object_new_array();
    char since[RFC3339_SIZE], until[RFC3339_SIZE];
    const struct parts *parts = report_parts(report);
    const char *text = NULL;
    bool failed = root == NULL || list == NULL;

    rfc3339_format(since, report_since_ms(report));
    rfc3339_format(until, report_until_ms(report));
    put(root, "version", json_object_new_int(1), &failed);
    put(root, "since", json_object_new_string(since), &failed);
    put(root, "until", json_object_new_string(until), &failed);
    put(root, "by", json_object_new_string(report_by_name(report_by(report))), &failed);
    if (parts->count > 0)
        put_starts(root, parts, &failed);
    for (size_t i = 0; i < count && !failed; i++) {
        if (!member_append(list, new_group(&groups[i], parts->count, &failed)))
            failed = true;
    }
    put(root, "groups", list, &failed);
    put(root, "all", new_group(report_total(report), parts->count, &failed), &failed);
    put(root, "breaks", print_breaks_json(report_breaks(report)), &failed);
    put(root, "offline", print_offline_json(report_offline(report)), &failed);
    put(root, "holes", print_holes_json(report_holes(report)), &failed);
    if (!failed)
        text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
                                                        JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text != NULL)
        fprintf(out, "%s\n", text);
    json_object_put(root);
    if (text != NULL)
        return 0;
    errno = ENOMEM;
    return -1;
}
