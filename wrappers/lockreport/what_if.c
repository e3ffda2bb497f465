/* Plays a history with each number of seats that is asked for, and prints what came of it.
 * Must not judge which number is right. */
#include "what_if.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/rfc3339.h"
#include "cell.h"
#include "csv.h"
#include "json_put.h"
#include "list/member.h"
#include "lock/pools.h"
#include "print_holes.h"
#include "times.h"

int what_if_parse(struct what_if *what_if, const char *text)
{
    char *copy = strdup(text), *rest = copy, *word;
    int result = copy != NULL ? 0 : -1;

    while (result == 0 && (word = strsep(&rest, ",")) != NULL) {
        struct seat_count count = {.is_relative = *word == '+' || *word == '-'};
        uint64_t number;

        if (what_if->count == WHAT_IF_MOST) {
            errno = E2BIG;
            result = -1;
        } else if (number_parse(word + count.is_relative, POOL_SEATS_MOST, &number) != 0) {
            errno = EINVAL;
            result = -1;
        } else {
            count.seats = *word == '-' ? -(int32_t)number : (int32_t)number;
            what_if->counts[what_if->count++] = count;
        }
    }
    free(copy);
    return result;
}

int what_if_add(void *context, const struct store_history *entry)
{
    struct what_if *what_if = context;

    if (!wanted_pools_concern(&what_if->pool, entry))
        return 0;
    if (entry->pool != NULL && wanted_pool_has(&what_if->pool.items[0], entry->pool))
        what_if->is_servers = true;
    return replay_add(what_if->replay, entry);
}

int what_if_tell_seats(void *context, const char *pool, size_t seats)
{
    struct what_if *what_if = context;
    const struct wanted_pool *wanted = &what_if->pool.items[0];

    if (wanted->names.count == 1 && wanted_pool_has(wanted, pool))
        what_if->seats = seats;
    return 0;
}

/* ---- the numbers of seats ----------------------------------------------------------------------
 */

static int compare_seats(const void *a, const void *b)
{
    const size_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* As many as there are, and those that are asked for, each once. */
static int list_seats(const struct what_if *what_if, size_t seats[WHAT_IF_MOST + 1], size_t *count)
{
    size_t kept = 0;

    *count = 0;
    if (what_if->seats > 0)
        seats[(*count)++] = what_if->seats;
    for (size_t i = 0; i < what_if->count; i++) {
        const struct seat_count *asked = &what_if->counts[i];
        int64_t wanted = asked->seats + (asked->is_relative ? (int64_t)what_if->seats : 0);

        if (asked->is_relative && what_if->seats == 0) {
            errno = ENODATA;
            return -1;
        }
        if (wanted < 1 || wanted > POOL_SEATS_MOST) {
            errno = ERANGE;
            return -1;
        }
        seats[(*count)++] = (size_t)wanted;
    }
    qsort(seats, *count, sizeof *seats, compare_seats);
    for (size_t i = 0; i < *count; i++) {
        if (kept == 0 || seats[kept - 1] != seats[i])
            seats[kept++] = seats[i];
    }
    *count = kept;
    return 0;
}

/* ---- printing ----------------------------------------------------------------------------------
 */

static void print_length(int64_t ms, bool is_known, FILE *out)
{
    char text[CELL_SIZE] = "-";

    if (is_known)
        cell_put_length(text, ms);
    fprintf(out, " %6s", text);
}

static void print_part(double part, double whole, int columns, FILE *out)
{
    char text[CELL_SIZE] = "-";

    cell_put_part(text, part, whole);
    fprintf(out, " %*s", columns, text);
}

static void print_line(const struct what_if *what_if, const struct replay_result *result, FILE *out)
{
    double length = (double)(what_if->time.to_ms - what_if->time.from_ms);
    bool has_waits = result->waits > 0;

    fprintf(out, "%c %5zu %8zu %7zu", result->seats == what_if->seats ? '*' : ' ', result->seats,
            result->granted, result->waits);
    print_part((double)result->waits, (double)result->granted, 6, out);
    print_length(result->wait.median_ms, has_waits, out);
    print_length(result->wait.p90_ms, has_waits, out);
    print_length(result->wait.longest_ms, has_waits, out);
    fprintf(out, " %8.1f", (double)result->waited_ms / 3600000);
    print_part((double)result->full_ms, length, 4, out);
    print_part((double)result->waiting_full_ms, length, 4, out);
    fprintf(out, " %7zu %5zu %7zu\n", result->refused, result->left, result->impossible);
}

static void print_table(const struct what_if *what_if, const struct replay_result *results,
                        size_t count, FILE *out)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];

    report_format_time(since, what_if->time.from_ms);
    report_format_time(until, what_if->time.to_ms);
    fprintf(out, "From %s to %s, %zu requests for %s once more%s\n", since, until,
            replay_count(what_if->replay), what_if->pool.items[0].name,
            what_if->is_servers ? ", without the pool's rules" : "");
    print_holes(&what_if->holes, "Note: ", out);
    fprintf(out, "\n  %5s %8s %7s %6s %6s %6s %6s %8s %4s %4s %7s %5s %7s\n", "SEATS", "GRANTED",
            "WAITS", "WAITED", "MEDIAN", "90%", "WORST", "HOURS", "FULL", "WANT", "REFUSED", "LEFT",
            "TOO BIG");
    for (size_t i = 0; i < count; i++)
        print_line(what_if, &results[i], out);
}

static bool put_count(struct json_object *object, const char *key, size_t count)
{
    return member_put(object, key, json_object_new_uint64(count));
}

/* The keys are the titles of a CSV table as well. */
static struct json_object *new_line(const struct replay_result *result)
{
    struct json_object *line = json_object_new_object();

    if (line != NULL && put_count(line, "seats", result->seats) &&
        put_count(line, "granted", result->granted) && put_count(line, "waits", result->waits) &&
        json_put_seconds(line, "wait_median_seconds", result->wait.median_ms) &&
        json_put_seconds(line, "wait_p90_seconds", result->wait.p90_ms) &&
        json_put_seconds(line, "wait_worst_seconds", result->wait.longest_ms) &&
        json_put_seconds(line, "waited_seconds", result->waited_ms) &&
        json_put_seconds(line, "full_seconds", result->full_ms) &&
        json_put_seconds(line, "waiting_full_seconds", result->waiting_full_ms) &&
        put_count(line, "refused", result->refused) && put_count(line, "left", result->left) &&
        put_count(line, "too_big", result->impossible))
        return line;
    json_object_put(line);
    return NULL;
}

static struct json_object *new_lines(const struct replay_result *results, size_t count)
{
    struct json_object *lines = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        if (!member_append(lines, new_line(&results[i]))) {
            json_object_put(lines);
            return NULL;
        }
    }
    return lines;
}

static void print_csv(struct json_object *lines, FILE *out)
{
    csv_print_object(json_object_array_get_idx(lines, 0), true, out);
    for (size_t i = 0; i < json_object_array_length(lines); i++)
        csv_print_object(json_object_array_get_idx(lines, i), false, out);
}

static int print_json(const struct what_if *what_if, struct json_object *lines, FILE *out)
{
    struct json_object *root = json_object_new_object(), *seats = NULL;
    char since[RFC3339_SIZE], until[RFC3339_SIZE];
    int result = -1;

    rfc3339_format(since, what_if->time.from_ms);
    rfc3339_format(until, what_if->time.to_ms);
    if (what_if->seats > 0)
        seats = json_object_new_uint64(what_if->seats);
    if (member_put(root, "version", json_object_new_int(1)) &&
        json_put_text(root, "since", since) && json_put_text(root, "until", until) &&
        json_put_text(root, "pool", what_if->pool.items[0].name) &&
        put_count(root, "requests", replay_count(what_if->replay)) &&
        json_object_object_add(root, "seats", seats) == 0 &&
        member_put(root, "what_if", json_object_get(lines)) &&
        member_put(root, "holes", print_holes_json(&what_if->holes))) {
        fprintf(out, "%s\n",
                json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE));
        result = 0;
    }
    json_object_put(root);
    return result;
}

static int print_data(const struct what_if *what_if, const struct replay_result *results,
                      size_t count, enum rows_format format, FILE *out)
{
    struct json_object *lines = new_lines(results, count);
    int result = -1;

    if (lines == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (format == ROWS_JSON) {
        result = print_json(what_if, lines, out);
    } else {
        print_csv(lines, out);
        print_holes_beside(&what_if->holes);
        result = 0;
    }
    json_object_put(lines);
    return result;
}

int what_if_print(struct what_if *what_if, enum rows_format format, FILE *out)
{
    struct replay_result results[WHAT_IF_MOST + 1];
    size_t seats[WHAT_IF_MOST + 1], count;

    hole_list_sort(&what_if->holes);
    /* A list of locks says itself how many there are. */
    if (what_if->seats == 0 && !what_if->is_servers)
        what_if->seats = what_if->pool.items[0].names.count;
    if (list_seats(what_if, seats, &count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (replay_run(what_if->replay, &what_if->time, seats[i], &results[i]) != 0)
            return -1;
    }
    if (format != ROWS_TABLE)
        return print_data(what_if, results, count, format, out);
    print_table(what_if, results, count, out);
    return 0;
}
