/* Which locks are seats of which licence of a scheduler's.
 * Must not count a seat that a job of the scheduler's holds: it has counted that licence. */
#include "seat_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "map_refusal.h"

static struct seat_map *find(const struct seat_maps *maps, const char *license, size_t len)
{
    for (size_t i = 0; i < maps->count; i++) {
        const struct seat_map *map = &maps->maps[i];

        if (strncmp(map->license, license, len) == 0 && map->license[len] == '\0')
            return (struct seat_map *)map;
    }
    return NULL;
}

int seat_maps_add(struct seat_maps *maps, const char *text, char *error, size_t error_size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-@";
    size_t len = strspn(text, allowed);
    struct seat_map *map = &maps->maps[maps->count];
    char why[200];

    if (len == 0 || len >= SEAT_LICENSE_SIZE || text[len] != '=')
        return map_refusal(EINVAL, error, error_size, text,
                           "give LICENSE=LOCKS, such as vcs=vcs[1-8]");
    if (find(maps, text, len) != NULL)
        return map_refusal(EINVAL, error, error_size, text, "this license is mapped already");
    if (maps->count == SEAT_MAPS_MAX)
        return map_refusal(E2BIG, error, error_size, text, "more than 64 licenses");
    *map = (struct seat_map){0};
    if (name_list_append(&map->locks, text + len + 1, why, sizeof why) != 0)
        return map_refusal(errno, error, error_size, text, why);
    memcpy(map->license, text, len);
    maps->count++;
    return 0;
}

void seat_maps_fini(struct seat_maps *maps)
{
    while (maps->count > 0)
        name_list_fini(&maps->maps[--maps->count].locks);
}

static void count_seat(struct seat_map *map)
{
    if (map->outside < map->total)
        map->outside++;
    else
        map->is_short = true;
}

void seat_maps_count(struct seat_maps *maps, const struct job_claims *claims,
                     seat_inside_fn *is_inside, const void *context)
{
    for (size_t i = 0; i < maps->count; i++) {
        maps->maps[i].outside = 0;
        maps->maps[i].is_short = false;
    }
    for (size_t k = 0; k < claims->count; k++) {
        const struct job_claim *claim = &claims->claims[k];

        if (claim->lock == NULL || (claim->job != NULL && is_inside(context, claim->job)))
            continue;
        for (size_t i = 0; i < maps->count; i++) {
            if (name_list_has(maps->maps[i].locks.names, maps->maps[i].locks.count, claim->lock))
                count_seat(&maps->maps[i]);
        }
    }
}

void seat_maps_format(const struct seat_maps *maps, char out[SEAT_TEXT_SIZE])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < maps->count; i++) {
        if (maps->maps[i].outside > 0)
            len +=
                (size_t)snprintf(out + len, SEAT_TEXT_SIZE - len, "%s%s:%" PRIu32,
                                 len > 0 ? "," : "", maps->maps[i].license, maps->maps[i].outside);
    }
}

void seat_maps_format_short(const struct seat_maps *maps, char out[SEAT_TEXT_SIZE])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < maps->count; i++) {
        const struct seat_map *map = &maps->maps[i];

        if (map->is_short)
            len +=
                (size_t)snprintf(out + len, SEAT_TEXT_SIZE - len, "%s%s %" PRIu32 " of %zu",
                                 len > 0 ? ", " : "", map->license, map->total, map->locks.count);
    }
}

/* Reads "vcs:3", or "vcs" for one, at *at and moves it behind, and behind a comma. */
static bool read_license(const struct seat_maps *maps, const char **at, struct seat_map **map,
                         uint64_t *count)
{
    size_t len = strcspn(*at, ":,"), digits;
    char text[12];

    *map = find(maps, *at, len);
    *at += len;
    *count = 1;
    if (**at == ':') {
        digits = strcspn(++*at, ",");
        if (digits >= sizeof text)
            return false;
        memcpy(text, *at, digits);
        text[digits] = '\0';
        *at += digits;
        if (number_parse(text, UINT32_MAX, count) != 0)
            return false;
    }
    *at += **at == ',';
    return *map != NULL;
}

bool seat_maps_equal(const struct seat_maps *maps, const char *licenses)
{
    size_t wanted = 0, found = 0;
    struct seat_map *map;
    uint64_t count;

    for (size_t i = 0; i < maps->count; i++)
        wanted += maps->maps[i].outside > 0;
    for (; *licenses != '\0'; found++) {
        if (!read_license(maps, &licenses, &map, &count) || map->outside != count)
            return false;
    }
    return found == wanted;
}
