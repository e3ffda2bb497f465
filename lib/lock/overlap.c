/* Which lock counts for which of several groups that overlap.
 * Must not change a lock. */
#include "overlap.h"

#include <stdlib.h>
#include <string.h>

/* All that is named, in the order of the demand. */
struct mentions {
    size_t count, group_count;
    const char *names[OVERLAP_NAMES_MOST];
    uint32_t groups[OVERLAP_NAMES_MOST];
    size_t first[OVERLAP_NAMES_MOST];     /* of the same name */
    int parts[OVERLAP_NAMES_MOST];        /* of each group; -1: it overlaps no other */
    uint32_t numbers[OVERLAP_NAMES_MOST]; /* of each group, in the table */
};

static bool list_mentions(struct mentions *mentions, const struct lock_ask *ask)
{
    mentions->count = 0;
    mentions->group_count = ask->group_count;
    if (ask->group_count > OVERLAP_NAMES_MOST)
        return false;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; i < ask->groups[g].name_count; i++) {
            if (mentions->count == OVERLAP_NAMES_MOST)
                return false;
            mentions->names[mentions->count] = ask->groups[g].names[i];
            mentions->groups[mentions->count++] = g;
        }
    }
    return true;
}

/* Finds names that stand twice, and the groups that overlap by them.  Returns such a name. */
static const char *find_parts(struct mentions *mentions)
{
    const char *culprit = NULL;

    for (size_t g = 0; g < mentions->group_count; g++)
        mentions->parts[g] = -1;
    for (size_t i = 0; i < mentions->count; i++) {
        size_t first = 0;

        while (strcmp(mentions->names[first], mentions->names[i]) != 0)
            first++;
        mentions->first[i] = first;
        if (mentions->groups[first] == mentions->groups[i])
            continue;
        mentions->parts[mentions->groups[first]] = 0;
        mentions->parts[mentions->groups[i]] = 0;
        culprit = mentions->names[i];
    }
    return culprit;
}

/* Numbers the parts, and the groups of the table.  Returns how many parts there are. */
static uint32_t number_groups(struct mentions *mentions, struct lock_want_overlap *out)
{
    uint32_t parts = 0;

    out->group_count = 0;
    for (size_t g = 0; g < mentions->group_count; g++) {
        if (mentions->parts[g] < 0) {
            mentions->numbers[g] = (uint32_t)out->group_count++;
            continue;
        }
        if (parts == 0)
            out->overlap.group = (uint32_t)out->group_count++;
        mentions->numbers[g] = out->overlap.group;
        mentions->parts[g] = (int)parts++;
    }
    return parts;
}

/* More than there can be is as good as any. */
static uint32_t needed_of(const struct lock_group *group)
{
    return group->count <= OVERLAP_NAMES_MOST ? (uint32_t)group->count : OVERLAP_NAMES_MOST + 1;
}

/* Returns false where groups cannot be one. */
static bool merge_groups(const struct mentions *mentions, const struct lock_ask *ask,
                         struct lock_want_overlap *out)
{
    struct lock_group *merged = &out->groups[out->overlap.group];
    bool is_first = true;

    for (size_t g = 0; g < ask->group_count; g++) {
        const struct lock_group *group = &ask->groups[g];

        if (mentions->parts[g] < 0) {
            out->groups[mentions->numbers[g]] = *group;
            continue;
        }
        if (!is_first && merged->shared != group->shared)
            return false;
        if (is_first)
            *merged = (struct lock_group){.shared = group->shared};
        is_first = false;
        merged->spread |= group->spread;
        out->overlap.needed[mentions->parts[g]] = needed_of(group);
        merged->count += needed_of(group);
    }
    return true;
}

static uint8_t mask_of(const struct mentions *mentions, size_t first)
{
    uint8_t mask = 0;

    for (size_t i = first; i < mentions->count; i++) {
        if (mentions->first[i] == first && mentions->parts[mentions->groups[i]] >= 0)
            mask |= (uint8_t)(1U << mentions->parts[mentions->groups[i]]);
    }
    return mask;
}

static void list_names(const struct mentions *mentions, struct lock_want *want,
                       struct lock_want_overlap *out)
{
    want->name_count = 0;
    for (uint32_t g = 0; g < out->group_count; g++) {
        for (size_t i = 0; i < mentions->count; i++) {
            if (mentions->first[i] != i || mentions->numbers[mentions->groups[i]] != g)
                continue;
            if (g == out->overlap.group && out->overlap.name_count == 0)
                out->overlap.first = (uint32_t)want->name_count;
            if (g == out->overlap.group)
                out->overlap.masks[out->overlap.name_count++] = mask_of(mentions, i);
            want->names[want->name_count] = (struct lock_want_name){
                .name = mentions->names[i], .group = g, .order = (uint32_t)want->name_count};
            want->name_count++;
        }
    }
}

/* How a part can be freed for one lock more: the lock that moves away from it. */
struct path {
    size_t by[OVERLAP_PARTS_MOST];   /* the lock that goes from the part, */
    uint32_t to[OVERLAP_PARTS_MOST]; /* and where it goes */
    uint8_t open;                    /* parts that lack one, or can be freed */
};

/* From the parts that lack a lock backwards. */
static void find_open(const struct lock_overlap *overlap, struct path *path)
{
    uint8_t before = 0;

    path->open = 0;
    for (uint32_t p = 0; p < overlap->part_count; p++)
        path->open |= (uint8_t)(overlap->left[p] > 0 ? 1U << p : 0);
    while (path->open != before) {
        before = path->open;
        for (size_t i = 0; i < overlap->name_count; i++) {
            uint32_t part = overlap->part[i];
            uint8_t targets = overlap->masks[i] & before;

            if (part == overlap->part_count || targets == 0 || (path->open & 1U << part) != 0)
                continue;
            path->open |= (uint8_t)(1U << part);
            path->by[part] = i;
            path->to[part] = (uint32_t)__builtin_ctz(targets);
        }
    }
}

/* Returns false where the name is of no use. */
static bool take(struct lock_overlap *overlap, size_t name)
{
    struct path path;
    uint32_t part;

    find_open(overlap, &path);
    if ((overlap->masks[name] & path.open) == 0)
        return false;
    part = (uint32_t)__builtin_ctz(overlap->masks[name] & path.open);
    while (overlap->left[part] == 0) {
        size_t moved = path.by[part];

        overlap->part[name] = (uint8_t)part;
        name = moved;
        part = path.to[part];
    }
    overlap->part[name] = (uint8_t)part;
    overlap->left[part]--;
    return true;
}

static void begin(struct lock_overlap *overlap)
{
    memcpy(overlap->left, overlap->needed, sizeof overlap->left);
    memset(overlap->part, (int)overlap->part_count, sizeof overlap->part);
}

void lock_want_begin_counting(struct lock_want *want)
{
    if (want->overlap != NULL)
        begin(&want->overlap->overlap);
}

bool lock_want_counts(struct lock_want *want, size_t name)
{
    struct lock_overlap *overlap = want->overlap != NULL ? &want->overlap->overlap : NULL;

    return overlap == NULL || want->names[name].group != overlap->group ||
           take(overlap, name - overlap->first);
}

/* Whether anybody could ever have so many. */
static bool is_possible(struct lock_want *want)
{
    const struct lock_overlap *overlap = &want->overlap->overlap;
    size_t taken = 0;

    for (uint32_t p = 0; p < overlap->part_count; p++) {
        if (overlap->needed[p] < 1)
            return false;
    }
    lock_want_begin_counting(want);
    for (size_t i = 0; i < overlap->name_count; i++)
        taken += lock_want_counts(want, overlap->first + i);
    return taken == want->groups[overlap->group].count;
}

static enum lock_outcome merge(struct lock_want *want, struct mentions *mentions)
{
    const struct lock_ask *ask = want->ask;
    struct lock_want_overlap *out;
    uint32_t parts;

    want->names = calloc(mentions->count + 1, sizeof *want->names);
    want->overlap = calloc(1, sizeof *out + ask->group_count * sizeof *out->groups);
    out = want->overlap;
    if (want->names == NULL || out == NULL)
        return LOCK_OUTCOME_NO_MEMORY;
    parts = number_groups(mentions, out);
    if (parts > OVERLAP_PARTS_MOST)
        return LOCK_OUTCOME_OVERLAP;
    out->overlap.part_count = parts;
    if (!merge_groups(mentions, ask, out))
        return LOCK_OUTCOME_OVERLAP;
    list_names(mentions, want, out);
    want->groups = out->groups;
    want->group_count = out->group_count;
    return is_possible(want) ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_BAD_COUNT;
}

enum lock_outcome lock_want_merge(struct lock_want *want, const char **culprit)
{
    struct mentions mentions;
    const char *twice;
    enum lock_outcome outcome;

    if (!list_mentions(&mentions, want->ask))
        return LOCK_OUTCOME_OVERLAP;
    twice = find_parts(&mentions);
    outcome = merge(want, &mentions);
    *culprit = outcome == LOCK_OUTCOME_OVERLAP ? twice : NULL;
    return outcome;
}

/* The number of a seat's name.  Returns false for one of a group that overlaps no other. */
static bool number_of(const struct lock_seat *seat, size_t *number)
{
    const struct lock_overlap *overlap = lock_request_overlap(seat->request);

    if (overlap == NULL || seat->group != overlap->group)
        return false;
    *number = (size_t)(seat - seat->request->seats) - overlap->first;
    return true;
}

void lock_overlap_init(struct lock_request *request, const struct lock_want *want)
{
    struct lock_overlap *overlap;

    request->overlaps = true;
    overlap = lock_request_overlap(request);
    *overlap = want->overlap->overlap;
    begin(overlap);
}

bool lock_overlap_is_of(const struct lock_request *request, const struct lock_want *want)
{
    const struct lock_overlap *mine = lock_request_overlap(request), *other;

    if (mine == NULL || want->overlap == NULL)
        return mine == NULL && want->overlap == NULL;
    other = &want->overlap->overlap;
    return mine->group == other->group && mine->part_count == other->part_count &&
           memcmp(mine->needed, other->needed, sizeof mine->needed) == 0;
}

bool lock_overlap_names(const struct lock_seat *seat, const struct lock_want *want, size_t name)
{
    const struct lock_overlap *other = want->overlap != NULL ? &want->overlap->overlap : NULL;
    size_t number;

    if (!number_of(seat, &number) || other == NULL || want->names[name].group != other->group)
        return true;
    return lock_request_overlap(seat->request)->masks[number] == other->masks[name - other->first];
}

uint8_t lock_overlap_find_open(const struct lock_request *request)
{
    struct path path;

    find_open(lock_request_overlap(request), &path);
    return path.open;
}

bool lock_overlap_has_open(const struct lock_seat *seat, uint8_t open)
{
    size_t number;

    return !number_of(seat, &number) ||
           (lock_request_overlap(seat->request)->masks[number] & open) != 0;
}

void lock_overlap_gain(const struct lock_seat *seat)
{
    size_t number;

    if (number_of(seat, &number))
        take(lock_request_overlap(seat->request), number);
}

void lock_overlap_lose(const struct lock_seat *seat)
{
    struct lock_overlap *overlap = lock_request_overlap(seat->request);
    size_t number;

    if (!number_of(seat, &number) || overlap->part[number] == overlap->part_count)
        return;
    overlap->left[overlap->part[number]]++;
    overlap->part[number] = (uint8_t)overlap->part_count;
}
