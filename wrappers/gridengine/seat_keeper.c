/* Grid Engine, as locksync tells it of seats: of a consumable of the host "global" there are as
 * many as seats that no others hold; what its own jobs hold it takes off itself. Must not write
 * what it was not told to map: qconf -mattr changes one entry, -rattr the list. */
#include "seat_keeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cell.h"
#include "command.h"
#include "consumable.h"
#include "scheduler/child.h"

/* In memory that is shared with the child that asks. */
struct keeper {
    struct seat_maps maps;
    struct {
        enum consumable_kind kind;
        bool has_amount;
        uint64_t amount; /* what there is of it now */
    } found[SEAT_MAPS_MAX];
    bool frees_all; /* what is to be written is all of them */
};

static void *create(void)
{
    return child_alloc(sizeof(struct keeper));
}

static void destroy(void *context)
{
    struct keeper *keeper = context;

    if (keeper != NULL)
        seat_maps_fini(&keeper->maps);
    child_free(keeper, sizeof *keeper);
}

static struct seat_maps *maps(void *context)
{
    return &((struct keeper *)context)->maps;
}

static char *read_good(const char *const *words)
{
    int status;
    char *text = command_read(words, false, &status);

    if (text != NULL && status == 0)
        return text;
    free(text);
    return NULL;
}

static int look_in_child(void *context)
{
    static const char *const complexes[] = {"qconf", "-sc", NULL};
    static const char *const global[] = {"qconf", "-se", "global", NULL};
    struct keeper *keeper = context;
    char *kinds = read_good(complexes), *amounts = kinds != NULL ? read_good(global) : NULL;

    for (size_t i = 0; i < keeper->maps.count && amounts != NULL; i++) {
        const char *name = keeper->maps.maps[i].license;

        keeper->maps.maps[i].total = (uint32_t)keeper->maps.maps[i].locks.count;
        keeper->found[i].kind = consumable_kind(kinds, name);
        keeper->found[i].has_amount = consumable_amount(amounts, name, &keeper->found[i].amount);
    }
    free(kinds);
    free(amounts);
    return amounts != NULL ? 0 : -1;
}

static int fail(char error[SEAT_ERROR_SIZE], const char *why)
{
    return seat_keeper_fail(error, EX_UNAVAILABLE, "Grid Engine: %s", why);
}

static int look(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;
    char why[CHILD_ERROR_SIZE];

    if (child_call(look_in_child, keeper, terms->deadline_ms, why) != 0)
        return fail(error, why);
    for (size_t i = 0; i < keeper->maps.count; i++) {
        const char *name = keeper->maps.maps[i].license;

        if (keeper->found[i].kind == CONSUMABLE_ABSENT)
            return seat_keeper_fail(error, EX_USAGE,
                                    "Grid Engine has no complex %s; correct --map, or add it with "
                                    "qconf -mc: %s %s INT <= YES YES 0 0",
                                    name, name, name);
        if (keeper->found[i].kind == CONSUMABLE_FIXED)
            return seat_keeper_fail(error, EX_USAGE,
                                    "the complex %s of Grid Engine is not consumable; correct "
                                    "--map, or change it with qconf -mc",
                                    name);
    }
    return 0;
}

static bool is_inside(const void *context, const struct seat_terms *terms, const char *text)
{
    struct gridengine_job job;

    (void)context;
    return gridengine_id_parse(text, &job) && cell_has(&job, terms->cluster, terms->takes_bare);
}

static uint32_t amount_wanted(const struct keeper *keeper, size_t i)
{
    const struct seat_map *map = &keeper->maps.maps[i];

    return keeper->frees_all ? map->total : map->total - map->outside;
}

/* One call changes them one by one, so that each is right or as it was. */
static int write_in_child(void *context)
{
    struct keeper *keeper = context;

    for (size_t i = 0; i < keeper->maps.count; i++) {
        char entry[SEAT_LICENSE_SIZE + 16];
        const char *const words[] = {"qconf", "-mattr", "exechost", "complex_values",
                                     entry,   "global", NULL};
        uint32_t amount = amount_wanted(keeper, i);
        char *said;
        int status;

        if (keeper->found[i].has_amount && keeper->found[i].amount == amount)
            continue;
        snprintf(entry, sizeof entry, "%s=%" PRIu32, keeper->maps.maps[i].license, amount);
        said = command_read(words, true, &status);
        if (said != NULL && status != 0)
            fprintf(stderr, "%s\n", said);
        free(said);
        if (said == NULL || status != 0)
            return -1;
        keeper->found[i].has_amount = true;
        keeper->found[i].amount = amount;
    }
    return 0;
}

static int write_amounts(struct keeper *keeper, const struct seat_terms *terms,
                         char error[SEAT_ERROR_SIZE])
{
    char why[CHILD_ERROR_SIZE];

    if (child_call(write_in_child, keeper, terms->deadline_ms, why) == 0)
        return 0;
    return fail(error, why);
}

static int set_aside(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;

    keeper->frees_all = false;
    return write_amounts(keeper, terms, error);
}

static int end(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;
    bool is_untouched = true;

    /* Before the first look it is not known what there is, and nothing was changed. */
    for (size_t i = 0; i < keeper->maps.count; i++)
        is_untouched &= !keeper->found[i].has_amount;
    keeper->frees_all = true;
    return is_untouched ? 0 : write_amounts(keeper, terms, error);
}

const struct seat_keeper gridengine_seat_keeper = {
    .scheduler = "sge",
    .title = "complex_values of global",
    .create = create,
    .destroy = destroy,
    .maps = maps,
    .look = look,
    .is_inside = is_inside,
    .set_aside = set_aside,
    .end = end,
};
