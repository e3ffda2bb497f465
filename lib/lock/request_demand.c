/* The demand of a request, as a copy and as text.
 * Must not change the request, nor judge whether a lock table would take what it reads. */
#include "request_demand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* A name that a held request still holds; every name of one that waits, or did until now. */
static bool is_kept(const struct lock_seat *seat, const char *without)
{
    if (seat->request->token == 0)
        return true;
    if (seat->state != LOCK_SEAT_HELD)
        return false;
    return without == NULL || strcmp(lock_seat_name(seat), without) != 0;
}

/* The seats of one group, up to `last`, and how many of them are needed. */
struct part {
    uint32_t first, last;
    size_t count;
};

static size_t count_held(const struct lock_request *request, const char *without)
{
    size_t count = 0;

    for (size_t i = 0; i < request->seat_count; i++)
        count += is_kept(&request->seats[i], without);
    return count;
}

/* Steps to the next part: to the first from all zero.  Returns false behind the last. */
static bool next_part(struct part *part, const struct lock_request *request, const char *without)
{
    part->first = part->last;
    if (part->first == request->seat_count)
        return false;
    if (request->token != 0) {
        part->last = request->seat_count;
        part->count = count_held(request, without);
        return true;
    }
    while (part->last < request->seat_count &&
           request->seats[part->last].group == request->seats[part->first].group)
        part->last++;
    part->count = request->groups[request->seats[part->first].group].needed;
    return true;
}

int lock_demand_of_request(struct lock_demand *demand, const struct lock_request *request)
{
    const char **names = calloc(request->seat_count, sizeof *names);
    struct part part = {0};
    int result = names != NULL ? 0 : -1;

    *demand = (struct lock_demand){0};
    while (result == 0 && next_part(&part, request, NULL)) {
        size_t name_count = 0;

        for (uint32_t i = part.first; i < part.last; i++) {
            if (is_kept(&request->seats[i], NULL))
                names[name_count++] = lock_seat_name(&request->seats[i]);
        }
        result = lock_demand_add_group(demand, names, name_count);
        if (result == 0)
            lock_demand_set_count(demand, part.count);
    }
    free(names);
    if (result == 0)
        return 0;
    lock_demand_fini(demand);
    errno = ENOMEM;
    return -1;
}

size_t lock_demand_text_size(const struct lock_request *request)
{
    enum { COUNT_SIZE = sizeof "\n4294967295" };
    size_t size = 1 + request->group_count * COUNT_SIZE;

    for (size_t i = 0; i < request->seat_count; i++) {
        const char *name = lock_seat_name(&request->seats[i]);

        size += name != NULL ? 1 + strlen(name) : 0;
    }
    return size;
}

char *lock_demand_format(char *out, const struct lock_request *request, const char *without)
{
    struct part part = {0};

    while (next_part(&part, request, without)) {
        out += sprintf(out, "%s%zu", part.first > 0 ? "\n" : "", part.count);
        for (uint32_t i = part.first; i < part.last; i++) {
            if (!is_kept(&request->seats[i], without))
                continue;
            *out++ = ' ';
            out = stpcpy(out, lock_seat_name(&request->seats[i]));
        }
    }
    *out++ = '\0';
    return out;
}

/* Whether a text is of words with one blank between any two. */
static bool is_words(const char *text)
{
    size_t len;

    while ((len = strcspn(text, " ")) > 0 && text[len] == ' ')
        text += len + 1;
    return len > 0;
}

/* Returns 0, or the errno. */
static int parse_group(struct lock_demand *demand, char *line)
{
    char *names = strchr(line, ' ');
    uint64_t count;

    if (names == NULL || !is_words(names + 1))
        return EINVAL;
    *names++ = '\0';
    if (number_parse(line, UINT32_MAX, &count) != 0 || count == 0)
        return EINVAL;
    if (lock_demand_add_words(demand, names) != 0)
        return ENOMEM;
    lock_demand_set_count(demand, (size_t)count);
    return demand->groups[demand->group_count - 1].name_count >= count ? 0 : EINVAL;
}

int lock_demand_parse(struct lock_demand *demand, const char *text)
{
    char *copy = strdup(text), *rest = copy, *line;
    int number = copy != NULL ? 0 : ENOMEM;

    *demand = (struct lock_demand){0};
    while (number == 0 && (line = strsep(&rest, "\n")) != NULL)
        number = parse_group(demand, line);
    free(copy);
    if (number == 0)
        return 0;
    lock_demand_fini(demand);
    errno = number;
    return -1;
}
