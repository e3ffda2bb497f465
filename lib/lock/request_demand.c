/* The demand of a request, as a copy and as text.
 * Must not change the request, nor judge whether a lock table would take what it reads. */
#include "request_demand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "overlap.h"
#include "pool_query.h"
#include "pool_seat.h"

/* Steps through the names of a request, group by group. */
struct walk {
    const struct lock_request *request;
    const char *without; /* a lock that it has just lost, or NULL */
    uint32_t group;      /* of a held request all are one */
    uint8_t part;        /* as a mask, of a group that is several which overlap; 0: it is not */
    uint32_t part_needed;
    bool is_kept;                 /* of what is held: that its owner is done with, or the rest */
    uint32_t at;                  /* in its seats, or in the words of one that has no meaning */
    struct pool_want_names names; /* of the group, where that is one of a pool */
};

static bool has_words(const struct lock_request *request)
{
    return request->pooled != NULL && request->pooled->is_unknown;
}

/* Of what is held, groups count only where some are shared and others may not be. */
static bool has_groups(const struct lock_request *request)
{
    return request->token == 0 || request->shares;
}

/* What an owner is done with stands in a group of its own, beside the rest. */
static bool has_halves(const struct lock_request *request)
{
    return request->token != 0 && request->keeps;
}

/* Of a waiting one, groups that overlap stand one by one. */
static const struct lock_overlap *overlap_of(const struct lock_request *request)
{
    return request->token == 0 && !has_words(request) ? lock_request_overlap(request) : NULL;
}

static uint32_t group_count(const struct lock_request *request)
{
    const struct lock_overlap *overlap = overlap_of(request);

    if (overlap != NULL)
        return request->group_count + overlap->part_count - 1;
    return (has_groups(request) ? request->group_count : 1) * (has_halves(request) ? 2 : 1);
}

/* Of a held request some groups have lost all. */
static bool may_be_empty(const struct lock_request *request)
{
    return request->shares || has_halves(request);
}

static bool is_shared(const struct walk *walk)
{
    const struct lock_request *request = walk->request;

    if (has_words(request))
        return request->pooled->words.groups[walk->group].shared;
    return request->shares && request->groups[walk->group].shared;
}

/* The next name that is held still. */
static const char *next_held(struct walk *walk)
{
    while (walk->at < walk->request->seat_count) {
        const struct lock_seat *seat = &walk->request->seats[walk->at++];
        bool is_meant = (!walk->request->shares || seat->group == walk->group) &&
                        (!has_halves(walk->request) || seat->is_kept == walk->is_kept);
        const char *name = is_meant && seat->state == LOCK_SEAT_HELD ? lock_seat_name(seat) : NULL;

        if (name != NULL && (walk->without == NULL || strcmp(name, walk->without) != 0))
            return name;
    }
    return NULL;
}

static const char *next_word(struct walk *walk)
{
    const struct lock_group *group = &walk->request->pooled->words.groups[walk->group];

    return walk->at < group->name_count ? group->names[walk->at++] : NULL;
}

/* Whether the name is one of the group, but not of the part that is walked through. */
static bool is_of_another_part(const struct walk *walk)
{
    const struct lock_seat *seat = &walk->request->seats[walk->at];

    return walk->part != 0 && seat->group == walk->group && !lock_overlap_fits(seat, walk->part);
}

/* The next name of the group; NULL behind the last. */
static const char *next_name(struct walk *walk)
{
    const struct lock_request *request = walk->request;

    if (request->token != 0)
        return next_held(walk);
    if (has_words(request))
        return next_word(walk);
    if (walk->names.want != NULL)
        return pool_next_name(&walk->names);
    while (walk->at < request->seat_count &&
           (request->seats[walk->at].group < walk->group || is_of_another_part(walk)))
        walk->at++;
    if (walk->at < request->seat_count && request->seats[walk->at].group == walk->group)
        return lock_seat_name(&request->seats[walk->at++]);
    return NULL;
}

static void begin_part(struct walk *walk, const struct lock_overlap *overlap, uint32_t group)
{
    walk->part = 0;
    if (group >= overlap->group + overlap->part_count) {
        walk->group = group - overlap->part_count + 1;
    } else if (group >= overlap->group) {
        walk->group = overlap->group;
        walk->at = overlap->first;
        walk->part = (uint8_t)(1U << (group - overlap->group));
        walk->part_needed = overlap->needed[group - overlap->group];
    }
}

static void begin_group(struct walk *walk, uint32_t group)
{
    const struct lock_overlap *overlap = overlap_of(walk->request);

    walk->is_kept = has_halves(walk->request) && group % 2 != 0;
    walk->group = has_halves(walk->request) ? group / 2 : group;
    if (overlap != NULL)
        begin_part(walk, overlap, group);
    if (has_words(walk->request) || walk->request->token != 0)
        walk->at = 0;
    walk->names = (struct pool_want_names){0};
    if (walk->request->token == 0)
        walk->names.want = pool_want_of(walk->request, group);
}

static size_t count_names(const struct walk *walk)
{
    struct walk copy = *walk;
    size_t count = 0;

    while (next_name(&copy) != NULL)
        count++;
    return count;
}

/* How many of the group are needed: of what is held, all. */
static size_t count_needed(const struct walk *walk)
{
    if (walk->part != 0)
        return walk->part_needed;
    return walk->request->token != 0 ? count_names(walk)
                                     : walk->request->groups[walk->group].needed;
}

static int add_group(struct lock_demand *demand, struct walk *walk)
{
    size_t count = count_names(walk), needed = count_needed(walk);
    const char **names =
        count > 0 || !may_be_empty(walk->request) ? calloc(count + 1, sizeof *names) : NULL;
    int result;

    if (count == 0 && may_be_empty(walk->request))
        return 0;
    if (names == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        names[i] = next_name(walk);
    result = lock_demand_add_group(demand, names, count);
    free(names);
    if (result == 0)
        lock_demand_set_count(demand, needed);
    if (result == 0)
        lock_demand_set_shared(demand, is_shared(walk));
    return result;
}

int lock_demand_of_request(struct lock_demand *demand, const struct lock_request *request)
{
    struct walk walk = {.request = request};

    *demand = (struct lock_demand){0};
    for (uint32_t g = 0; g < group_count(request); g++) {
        begin_group(&walk, g);
        if (add_group(demand, &walk) == 0)
            continue;
        lock_demand_fini(demand);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

size_t lock_demand_text_size(const struct lock_request *request)
{
    enum { COUNT_SIZE = sizeof "\n4294967295rk" };
    size_t size = 1 + group_count(request) * COUNT_SIZE;
    struct walk walk = {.request = request};
    const char *name;

    for (uint32_t g = 0; g < group_count(request); g++) {
        begin_group(&walk, g);
        while ((name = next_name(&walk)) != NULL)
            size += 1 + strlen(name);
    }
    return size;
}

char *lock_demand_format(char *out, const struct lock_request *request, const char *without)
{
    struct walk walk = {.request = request, .without = without};
    const char *name, *begin = out;

    for (uint32_t g = 0; g < group_count(request); g++) {
        size_t needed;

        begin_group(&walk, g);
        needed = count_needed(&walk);
        if (may_be_empty(request) && needed == 0)
            continue;
        if (out > begin)
            *out++ = '\n';
        out = number_format(out, needed);
        if (is_shared(&walk))
            *out++ = 'r';
        if (walk.is_kept)
            *out++ = 'k';
        while ((name = next_name(&walk)) != NULL) {
            *out++ = ' ';
            out = stpcpy(out, name);
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

static bool take_suffix(char *word, char suffix)
{
    size_t len = strlen(word);

    if (len == 0 || word[len - 1] != suffix)
        return false;
    word[len - 1] = '\0';
    return true;
}

/* Returns 0, or the errno. */
static int parse_group(struct lock_demand *demand, char *line)
{
    char *names = strchr(line, ' ');
    bool shared, kept;
    uint64_t count;

    if (names == NULL || !is_words(names + 1))
        return EINVAL;
    *names++ = '\0';
    kept = take_suffix(line, 'k');
    shared = take_suffix(line, 'r');
    if (number_parse(line, UINT32_MAX, &count) != 0 || count == 0)
        return EINVAL;
    if (lock_demand_add_words(demand, names) != 0)
        return ENOMEM;
    lock_demand_set_count(demand, (size_t)count);
    lock_demand_set_shared(demand, shared);
    demand->groups[demand->group_count - 1].kept = kept;
    return 0; /* of a pool more may be wanted than there are names */
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
