/* What would come of a request, for people and as JSON.
 * Must not ask for the lock. */
#include "forecast.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "cli/message.h"
#include "list_failure.h"
#include "wait_text.h"

/* "; host_7_anna has had vcs since 14:02:11 (3 min 20 s)" */
static void print_holder(const struct ipclocker_wait *wait)
{
    char since[80] = "";

    if (wait->holder[0] == '\0')
        return;
    if (wait->held_ms >= 0)
        wait_text_since(since, sizeof since, wait->held_ms);
    printf("; %s has%s %s%s", wait->holder, since[0] != '\0' ? " had" : "", wait->lock, since);
}

static void print_wait(const struct ipclocker_wait *wait, const char *demand)
{
    const char *separator = "; ";

    printf("%s: you would wait: ", demand);
    if (wait->length > 0)
        printf("place %zu of %zu", wait->position, wait->length);
    else if (wait->reason[0] == '\0')
        printf("place %zu", wait->position);
    else
        separator = "";
    if (wait->reason[0] != '\0')
        printf("%s%s", separator, wait->reason);
    print_holder(wait);
    putchar('\n');
}

static void print_seats(const char *seats, const char *demand)
{
    char *clean = text_clean_dup(seats);

    printf("%s: you would be granted %s\n", demand, clean != NULL ? clean : demand);
    free(clean);
}

static void add_text(struct json_object *out, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_object_object_add(out, key, json_object_new_string(text));
}

static void add_seats(struct json_object *out, const char *seats)
{
    struct json_object *list = json_object_new_array();

    for (size_t len; *seats != '\0'; seats += len + (seats[len] == ' ')) {
        char clean[1024];

        len = strcspn(seats, " ");
        text_clean(clean, sizeof clean, seats, len);
        json_object_array_add(list, json_object_new_string(clean));
    }
    json_object_object_add(out, "seats", list);
}

static void add_wait(struct json_object *out, const struct ipclocker_wait *wait)
{
    json_object_object_add(out, "position", json_object_new_int64((int64_t)wait->position));
    if (wait->length > 0)
        json_object_object_add(out, "of", json_object_new_int64((int64_t)wait->length));
    add_text(out, "reason", wait->reason);
    add_text(out, "lock", wait->lock);
    add_text(out, "holder", wait->holder);
    if (wait->held_ms >= 0)
        json_object_object_add(out, "held_seconds", json_object_new_int64(wait->held_ms / 1000));
}

static void print_json(const struct ipclocker_forecast *forecast, const struct ipclocker *lock,
                       const char *demand)
{
    static const char *const words[] = {[IPCLOCKER_WOULD_GRANT] = "grant",
                                        [IPCLOCKER_WOULD_WAIT] = "wait",
                                        [IPCLOCKER_WOULD_REFUSE] = "refuse"};
    struct json_object *out = json_object_new_object();

    add_text(out, "request", demand);
    add_text(out, "would", words[forecast->verdict]);
    if (forecast->verdict == IPCLOCKER_WOULD_GRANT)
        add_seats(out, forecast->seats);
    else if (forecast->verdict == IPCLOCKER_WOULD_WAIT)
        add_wait(out, &forecast->wait);
    else
        add_text(out, "error", ipclocker_error(lock));
    puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(out);
}

static void print_text(const struct ipclocker_forecast *forecast, const struct ipclocker *lock,
                       const char *demand)
{
    switch (forecast->verdict) {
    case IPCLOCKER_WOULD_GRANT:
        print_seats(forecast->seats, demand);
        break;
    case IPCLOCKER_WOULD_WAIT:
        print_wait(&forecast->wait, demand);
        break;
    case IPCLOCKER_WOULD_REFUSE:
        printf("%s: you would be refused: %s\n", demand, ipclocker_error(lock));
        break;
    }
}

int forecast_print(const struct lockersh_options *options, struct ipclocker *lock,
                   const char *demand)
{
    struct ipclocker_forecast forecast;

    if (ipclocker_explain(lock, &forecast) != 0)
        return -1;
    if (options->json)
        print_json(&forecast, lock, demand);
    else
        print_text(&forecast, lock, demand);
    if (forecast.verdict == IPCLOCKER_WOULD_GRANT)
        return 0;
    return forecast.verdict == IPCLOCKER_WOULD_WAIT ? (int)options->conflict_status
                                                    : FORECAST_REFUSED;
}
