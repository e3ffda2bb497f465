/* One look at the license servers and at lockerd.
 * Must not tell lockerd of a pool about which nothing is known. */
#include "look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "standing.h"

static void complain(struct look *look, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct look *look, int status, const char *format, ...)
{
    size_t len = strlen(look->trouble);
    va_list args;

    if (look->status == 0)
        look->status = status;
    if (len > 0 && len + 2 < sizeof look->trouble) {
        memcpy(look->trouble + len, "; ", 3);
        len += 2;
    }
    va_start(args, format);
    vsnprintf(look->trouble + len, sizeof look->trouble - len, format, args);
    va_end(args);
}

static const char *title(const struct source *source)
{
    if (source->kind == SOURCE_COMMAND)
        return "--command";
    return strcmp(source->text, "-") == 0 ? "standard input" : source->text;
}

static void free_readings(struct reading *readings, size_t count)
{
    int saved_errno = errno;

    for (size_t i = 0; i < count; i++)
        reading_fini(&readings[i]);
    free(readings);
    errno = saved_errno;
}

static struct reading *read_sources(struct look *look, const struct settings *settings,
                                    const struct reading_terms *terms)
{
    struct reading *readings = calloc(settings->source_count, sizeof *readings);

    for (size_t i = 0; i < settings->source_count && readings != NULL; i++) {
        if (source_read(&settings->sources[i], settings->lmutil, settings->deadline_ms, terms,
                        &readings[i]) != 0) {
            free_readings(readings, i);
            return NULL;
        }
        if (!readings[i].is_whole)
            complain(look, EX_UNAVAILABLE, "%s: %s; what it has given out stays as it was",
                     title(&settings->sources[i]), readings[i].why);
    }
    return readings;
}

/* Returns NULL with errno, which is 0 after a complaint. */
static struct standing *ask_lockerd(struct look *look, const struct settings *settings)
{
    char *json = ipclocker_lock_list_json(settings->lock);
    struct standing *standings;
    int number;

    if (json == NULL) {
        complain(look, EX_UNAVAILABLE, "%s", ipclocker_error(settings->lock));
        errno = 0;
        return NULL;
    }
    standings = standings_parse(&settings->map, json, settings->match == SETTINGS_MATCH_USER_HOST);
    number = errno;
    free(json);
    if (standings == NULL && number != ENOMEM)
        complain(look, EX_UNAVAILABLE, "the lock server %s",
                 number == ENOTSUP ? "has no pools; name them in lockerd.conf"
                                   : "is of another version: it writes another list");
    errno = number == ENOMEM ? ENOMEM : 0;
    return standings;
}

static void tell(struct look *look, const struct settings *settings, const char *pool,
                 const struct standing *standing, struct look_pool *outcome)
{
    uint64_t outside = outcome->tally.outside;
    unsigned seats = (unsigned)(outside < standing->most ? outside : standing->most);
    int counts = (int)seats;

    if (!settings->dry_run)
        counts = ipclocker_set_outside(settings->lock, pool, seats, settings_lease_s(settings));
    outcome->is_told = counts >= 0;
    if (outcome->is_told)
        outcome->counts = (uint64_t)counts;
    else
        complain(look, EX_UNAVAILABLE, "%s", ipclocker_error(settings->lock));
}

static int settle_pool(struct look *look, const struct settings *settings, size_t i,
                       const struct reading *readings, const struct standing *standing)
{
    const struct feature_map_pool *pool = &settings->map.pools[i];
    struct tally *tally = &look->pools[i].tally;

    if (tally_count(tally, &settings->map, pool, readings, settings->source_count, standing) != 0)
        return -1;
    if (tally->why[0] != '\0')
        complain(look, tally->is_whole ? 0 : EX_UNAVAILABLE, "%s", tally->why);
    if (!standing->exists)
        complain(look, EX_UNAVAILABLE, "lockerd has no pool %s; correct --map, or lockerd.conf",
                 pool->name);
    else if (standing->most == 0)
        complain(look, EX_UNAVAILABLE,
                 "no seat of %s can be outside; say outside-most = SEATS in lockerd.conf",
                 pool->name);
    else if (tally->is_whole || tally->outside > 0)
        tell(look, settings, pool->name, standing, &look->pools[i]);
    return 0;
}

static int settle(struct look *look, const struct settings *settings,
                  const struct reading *readings)
{
    struct standing *standings = ask_lockerd(look, settings);
    int result = 0;

    if (standings == NULL)
        return errno != 0 ? -1 : 0;
    for (size_t i = 0; i < settings->map.count && result == 0; i++)
        result = settle_pool(look, settings, i, readings, &standings[i]);
    standings_free(standings, settings->map.count);
    return result;
}

int look_take(struct look *look, const struct settings *settings)
{
    const struct reading_terms terms = {
        .features = &settings->map.features,
        .ours = &settings->ours,
        .by_machine = settings->match == SETTINGS_MATCH_USER_HOST,
    };
    struct reading *readings;
    int result;

    *look = (struct look){.pools = calloc(settings->map.count + 1, sizeof *look->pools)};
    readings = look->pools != NULL ? read_sources(look, settings, &terms) : NULL;
    /* Who lets go between the two looks is outside for one round; the other way round, who has just
     * begun would be. */
    result = readings != NULL ? settle(look, settings, readings) : -1;
    if (readings != NULL)
        free_readings(readings, settings->source_count);
    if (result != 0)
        look_fini(look);
    return result;
}

void look_fini(struct look *look)
{
    int saved_errno = errno;

    free(look->pools);
    look->pools = NULL;
    errno = saved_errno;
}
