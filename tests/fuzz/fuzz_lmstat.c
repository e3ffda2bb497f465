/* Feeds lists of license servers to what reads them for lockflex, as lmstat's and as lines of four
 * words.  Must not leave anything behind from one input to the next. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lockflex/lines.h"
#include "lockflex/reading.h"
#include "lockflex/standing.h"
#include "lockflex/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char list[] = "{\"pools\":[{\"name\":\"p\",\"outside\":3}],\"waiters\":[],\"locks\":["
                           "{\"name\":\"p1\",\"pool\":\"p\",\"user\":\"ann\",\"host\":\"cad07\"}]}";

static struct feature_map *the_map(void)
{
    static struct feature_map map;
    char error[200];

    if (map.count == 0)
        assert(feature_map_add(&map, "p=vcs:hsim", error, sizeof error) == 0);
    return &map;
}

static int take(void *context, const char *line, size_t len, bool is_cut)
{
    return reading_take(context, line, len, is_cut);
}

static bool is_harmless(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static void check_use(const struct use *use)
{
    uint64_t listed = 0;

    for (size_t i = 0; i < use->row_count; i++) {
        listed += use->rows[i].count;
        assert(i == 0 || use_row_compare(&use->rows[i - 1], &use->rows[i]) < 0);
    }
    assert(listed == use->listed);
    assert(use->row_count == 0 || use->state != USE_UNHEARD);
    assert(is_harmless(use->why));
}

static void check(struct reading *reading)
{
    struct feature_map *map = the_map();
    struct standing *standings = standings_parse(map, list, true);
    struct tally tally;

    assert(standings != NULL && is_harmless(reading->why));
    assert(reading->is_whole == (reading->why[0] == '\0'));
    for (size_t i = 0; i < map->features.count; i++)
        check_use(&reading->uses[i]);
    if (tally_count(&tally, map, &map->pools[0], reading, 1, standings) == 0) {
        assert(is_harmless(tally.why) && tally.ours <= 1);
        assert(tally.is_whole || tally.outside >= 3);
        assert(tally.in_use + tally.reserved <= tally.outside + tally.ours);
    }
    standings_free(standings, map->count);
}

static void read_as(enum reading_form form, const char *data, size_t size)
{
    const struct reading_terms terms = {.features = &the_map()->features,
                                        .ours = &the_map()->pools[0].features,
                                        .by_machine = true};
    struct reading reading;
    struct lines lines = {.take = take, .context = &reading};

    if (reading_init(&reading, form, &terms) != 0)
        return;
    /* In two pieces, as it may come. */
    if (lines_feed(&lines, data, size / 2) == 0 &&
        lines_feed(&lines, data + size / 2, size - size / 2) == 0 && lines_end(&lines) == 0) {
        reading_end(&reading);
        check(&reading);
    }
    reading_fini(&reading);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as(READING_LMSTAT, (const char *)data, size);
    read_as(READING_PLAIN, (const char *)data, size);
    return 0;
}
