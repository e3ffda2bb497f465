/* A report as a table, CSV or JSON.
 * Must not let a name harm a terminal or a file's format. */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "list/member.h"

static int parse_calendar(const char *text, int64_t *time_ms)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &tm);
        int day = tm.tm_mday;
        time_t seconds;

        if (end == NULL || *end != '\0')
            continue;
        seconds = mktime(&tm);
        /* To mktime() the 30th of February is a day in March. */
        if (seconds == (time_t)-1 || tm.tm_mday != day)
            continue;
        *time_ms = (int64_t)seconds * 1000;
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int report_parse_time(const char *text, int64_t now_ms, int64_t *time_ms)
{
    uint64_t seconds;

    if (text[0] == '@') {
        if (number_parse(text + 1, UINT32_MAX * UINT64_C(100), &seconds) != 0)
            return -1;
        *time_ms = (int64_t)seconds * 1000;
        return 0;
    }
    if (number_parse_duration(text, INT32_MAX, &seconds) == 0 && strpbrk(text, "smhd") != NULL) {
        *time_ms = now_ms - (int64_t)seconds * 1000;
        return 0;
    }
    return parse_calendar(text, time_ms);
}

static void format_wait(char out[DURATION_TEXT_SIZE], int64_t ms)
{
    if (ms < 10000)
        snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 ".%" PRId64 "s", ms / 1000, ms % 1000 / 100);
    else
        duration_format(out, ms / 1000, DURATION_SHORT);
}

/* A character for each part of the time, or for several of them. */
static void print_plot(const struct report_group *group, size_t columns, bool utf8, FILE *out)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    double full = group->capacity > 0 ? (double)group->capacity : (double)group->peak;
    size_t each = columns > 0 ? REPORT_SLOTS / columns : 0;

    for (size_t i = 0; i < columns; i++) {
        double sum = 0, part;
        size_t level;

        for (size_t s = i * each; s < (i + 1) * each; s++)
            sum += group->slots[s];
        part = full > 0 ? sum / (double)each / full : 0;
        level = part <= 0 ? 0 : (size_t)(part * 8 + 0.5);
        /* A little use is not none. */
        if (part > 0 && level == 0)
            level = 1;
        fputs(utf8 ? blocks[level < 8 ? level : 8] : ascii[level < 8 ? level : 8], out);
    }
}

void report_format_time(char text[REPORT_TIME_SIZE], int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL ||
        strftime(text, REPORT_TIME_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        snprintf(text, REPORT_TIME_SIZE, "@%" PRId64, time_ms / 1000);
}

static void print_numbers(const struct report_group *group, FILE *out)
{
    char use[16] = "-", median[DURATION_TEXT_SIZE] = "-", p90[DURATION_TEXT_SIZE] = "-",
         worst[DURATION_TEXT_SIZE] = "-";

    if (group->capacity > 0)
        snprintf(use, sizeof use, "%.0f%%", 100 * group->mean / (double)group->capacity);
    if (group->waits > 0) {
        format_wait(median, group->wait_median_ms);
        format_wait(p90, group->wait_p90_ms);
        format_wait(worst, group->wait_worst_ms);
    }
    fprintf(out, " %6zu %4zu %6.2f %4s %6zu %6s %6s %6s %7zu %5zu", group->holds, group->peak,
            group->mean, use, group->waits, median, p90, worst, group->refused, group->left);
}

enum {
    NUMBERS_COLUMNS = 66, /* of what print_numbers() prints */
    PLOT_COLUMNS_MIN = 8, /* a narrower one says nothing */
};

/* How many columns of a terminal a text takes. */
static size_t columns_of(const char *text)
{
    size_t columns = 0, left = strlen(text);
    mbstate_t state = {0};

    while (left > 0) {
        wchar_t character;
        size_t len = mbrtowc(&character, text, left, &state);
        bool known = len != 0 && len <= left;
        int width = known ? wcwidth(character) : 1;

        if (!known) {
            memset(&state, 0, sizeof state);
            len = 1;
        }
        columns += width >= 0 ? (size_t)width : 1;
        text += len;
        left -= len;
    }
    return columns;
}

static size_t name_columns(char *const *names, size_t count)
{
    enum { LEAST = 4, MOST = 40 };
    size_t columns = LEAST;

    for (size_t i = 0; i < count; i++) {
        size_t used = columns_of(names[i]);

        columns = used > columns ? used : columns;
    }
    return columns < MOST ? columns : MOST;
}

/* A part of the slots that divides them evenly, as many as fit. */
static size_t plot_columns(size_t used, size_t width)
{
    size_t columns = REPORT_SLOTS;

    if (width == 0)
        return columns;
    while (columns >= PLOT_COLUMNS_MIN && used + columns > width)
        columns /= 2;
    return columns >= PLOT_COLUMNS_MIN ? columns : 0;
}

static void print_name(const char *name, size_t columns, FILE *out)
{
    size_t used = columns_of(name);

    fprintf(out, "%s%*s", name, used < columns ? (int)(columns - used) : 0, "");
}

static void print_rows(const struct report_group *groups, char *const *names, size_t count,
                       const char *title, const struct report_screen *screen, FILE *out)
{
    size_t columns = name_columns(names, count);
    size_t plot = plot_columns(columns + NUMBERS_COLUMNS + 2, screen->columns);

    print_name(title, columns, out);
    fprintf(out, " %6s %4s %6s %4s %6s %6s %6s %6s %7s %5s%s\n", "HOLDS", "PEAK", "MEAN", "USE",
            "WAITS", "MEDIAN", "90%", "WORST", "REFUSED", "LEFT",
            plot >= sizeof "OVER TIME" - 1 ? "  OVER TIME"
            : plot > 0                     ? "  TIME"
                                           : "");
    for (size_t i = 0; i < count; i++) {
        print_name(names[i], columns, out);
        print_numbers(&groups[i], out);
        if (plot > 0)
            fputs("  ", out);
        print_plot(&groups[i], plot, screen->utf8, out);
        fputc('\n', out);
    }
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static char **clean_names(const struct report_group *groups, size_t count)
{
    char **names = calloc(count + 1, sizeof *names);

    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        names[i] = text_clean_dup(groups[i].name);
        if (names[i] == NULL) {
            free_names(names, i);
            return NULL;
        }
    }
    return names;
}

int report_print_table(struct report *report, const struct report_group *groups, size_t count,
                       const struct report_screen *screen, FILE *out)
{
    static const char *const titles[] = {"LOCK", "USER", "HOST", "JOB"};
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];
    char **names = clean_names(groups, count);

    if (names == NULL) {
        errno = ENOMEM;
        return -1;
    }
    report_format_time(since, report_since_ms(report));
    report_format_time(until, report_until_ms(report));
    fprintf(out, "From %s to %s\n\n", since, until);
    print_rows(groups, names, count, titles[report_by(report)], screen, out);
    if (count == 0)
        fputs("Nothing was held, waited for or refused.\n", out);
    free_names(names, count);
    return 0;
}

static void print_csv_text(const char *text, FILE *out)
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

void report_print_csv(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out)
{
    fprintf(out,
            "%s,capacity,holds,busy_seconds,peak,mean,waits,wait_median_seconds,wait_p90_seconds,"
            "wait_worst_seconds,refused,left\r\n",
            report_by_name(report_by(report)));
    for (size_t i = 0; i < count; i++) {
        const struct report_group *group = &groups[i];

        print_csv_text(group->name, out);
        if (group->capacity > 0)
            fprintf(out, ",%zu", group->capacity);
        else
            fputc(',', out);
        fprintf(out, ",%zu,%.3f,%zu,%.4f,%zu,%.3f,%.3f,%.3f,%zu,%zu\r\n", group->holds,
                (double)group->busy_ms / 1000, group->peak, group->mean, group->waits,
                (double)group->wait_median_ms / 1000, (double)group->wait_p90_ms / 1000,
                (double)group->wait_worst_ms / 1000, group->refused, group->left);
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
    put(object, key, new_number((double)ms / 1000, 3), failed);
}

static struct json_object *new_group(const struct report_group *group, bool *failed)
{
    struct json_object *object = json_object_new_object(), *slots = json_object_new_array();

    put(object, "name", member_new_text(group->name), failed);
    if (group->capacity > 0)
        put(object, "capacity", json_object_new_uint64(group->capacity), failed);
    else
        json_object_object_add(object, "capacity", NULL);
    put(object, "holds", json_object_new_uint64(group->holds), failed);
    put_seconds(object, "busy_seconds", group->busy_ms, failed);
    put(object, "peak", json_object_new_uint64(group->peak), failed);
    put(object, "mean", new_number(group->mean, 4), failed);
    for (size_t i = 0; i < REPORT_SLOTS; i++)
        *failed |= !member_append(slots, new_number(group->slots[i], 4));
    put(object, "mean_over_time", slots, failed);
    put(object, "waits", json_object_new_uint64(group->waits), failed);
    put_seconds(object, "wait_median_seconds", group->wait_median_ms, failed);
    put_seconds(object, "wait_p90_seconds", group->wait_p90_ms, failed);
    put_seconds(object, "wait_worst_seconds", group->wait_worst_ms, failed);
    put(object, "refused", json_object_new_uint64(group->refused), failed);
    put(object, "left", json_object_new_uint64(group->left), failed);
    return object;
}

int report_print_json(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out)
{
    struct json_object *root = json_object_new_object(), *list = json_object_new_array();
    char since[RFC3339_SIZE], until[RFC3339_SIZE];
    const char *text = NULL;
    bool failed = root == NULL || list == NULL;

    rfc3339_format(since, report_since_ms(report));
    rfc3339_format(until, report_until_ms(report));
    put(root, "version", json_object_new_int(1), &failed);
    put(root, "since", json_object_new_string(since), &failed);
    put(root, "until", json_object_new_string(until), &failed);
    put(root, "by", json_object_new_string(report_by_name(report_by(report))), &failed);
    for (size_t i = 0; i < count && !failed; i++) {
        if (!member_append(list, new_group(&groups[i], &failed)))
            failed = true;
    }
    put(root, "groups", list, &failed);
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
