/* Demands: groups of names with counts, put together name by name.
 * Must not judge whether a demand can be fulfilled: the lock table does. */
#include "demand.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"

/* Groups, names and their text are one piece of memory, in this order. */
void lock_demand_free(struct lock_group *groups)
{
    int saved_errno = errno;

    free(groups);
    errno = saved_errno;
}

/* How many bytes the text of all names has, from the first of the first to the NUL of the last. */
static size_t text_size(const struct lock_demand *demand)
{
    const char *last;

    if (demand->name_count == 0)
        return 0;
    last = demand->names[demand->name_count - 1];
    return (size_t)(last - demand->names[0]) + strlen(last) + 1;
}

/* Copies what the demand has to the front of its new arrays. */
static void move(const struct lock_demand *demand, struct lock_group *groups, const char **names,
                 const char *text)
{
    size_t at = 0;

    for (size_t i = 0; i < demand->name_count; i++)
        names[i] = text + (demand->names[i] - demand->names[0]);
    for (size_t g = 0; g < demand->group_count; g++) {
        groups[g] = demand->groups[g];
        groups[g].names = &names[at];
        at += groups[g].name_count;
    }
}

/* Makes room for more groups, names and text.  Returns where the text goes, or NULL with errno
 * ENOMEM. */
static char *make_room(struct lock_demand *demand, size_t group_count, size_t name_count,
                       size_t size)
{
    size_t old_size = text_size(demand), bytes;
    struct lock_group *groups;
    const char **names;
    char *text;

    group_count += demand->group_count;
    name_count += demand->name_count;
    bytes = group_count * sizeof *groups + name_count * sizeof *names + old_size + size;
    groups = malloc(bytes);
    if (groups == NULL)
        return NULL;
    names = (const char **)(void *)(groups + group_count);
    text = (char *)(names + name_count);
    if (old_size > 0)
        memcpy(text, demand->names[0], old_size);
    move(demand, groups, names, text);
    if (!demand->is_lent)
        free(demand->groups);
    demand->is_lent = false;
    demand->bytes = (uint32_t)bytes;
    demand->groups = groups;
    demand->names = names;
    return text + old_size;
}

/* Begins a group, for which there is room. */
static struct lock_group *begin_group(struct lock_demand *demand)
{
    struct lock_group *group = &demand->groups[demand->group_count++];

    *group = (struct lock_group){.names = &demand->names[demand->name_count], .count = 1};
    return group;
}

/* Adds a name, for which there is room, to the last group. */
static void put_name(struct lock_demand *demand, const char *name)
{
    demand->names[demand->name_count++] = name;
    demand->groups[demand->group_count - 1].name_count++;
}

int lock_demand_add_group(struct lock_demand *demand, const char *const *names, size_t name_count)
{
    size_t size = 0;
    char *end;

    for (size_t i = 0; i < name_count; i++)
        size += strlen(names[i]) + 1;
    end = make_room(demand, 1, name_count, size);
    if (end == NULL)
        return -1;
    begin_group(demand);
    for (size_t i = 0; i < name_count; i++) {
        put_name(demand, end);
        end = stpcpy(end, names[i]) + 1;
    }
    return 0;
}

static size_t count_words(const char *text)
{
    size_t count = 0;

    for (; *(text += words_blank_len(text)) != '\0'; count++)
        text += words_word_len(text);
    return count;
}

int lock_demand_add_words(struct lock_demand *demand, const char *text)
{
    size_t size;
    const char *word;
    char *rest;

    text += words_blank_len(text);
    size = strlen(text) + 1;
    rest = make_room(demand, 1, count_words(text), size);
    if (rest == NULL)
        return -1;
    memcpy(rest, text, size);
    begin_group(demand);
    while ((word = words_next(&rest)) != NULL)
        put_name(demand, word);
    return 0;
}

int lock_demand_add_name(struct lock_demand *demand, const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy;

    assert(demand->group_count > 0);
    copy = make_room(demand, 0, 1, size);
    if (copy == NULL)
        return -1;
    put_name(demand, memcpy(copy, name, size));
    return 0;
}

/* Where a name stands, in an order in which those of one text are together. */
struct mention {
    const char *name;
    size_t place;
};

static int compare_mentions(const void *a, const void *b)
{
    const struct mention *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

/* Those of the last group that stand twice become NULL; places from `first` on are its.  Returns
 * the most mentions of one of its names, of each group one. */
static size_t find_twice(struct lock_demand *demand, const struct mention *mentions, size_t first)
{
    size_t most = 1, of_name = 0;
    bool is_in_last = false;

    for (size_t i = 0; i < demand->name_count; i++) {
        bool is_new = i == 0 || strcmp(mentions[i - 1].name, mentions[i].name) != 0;

        of_name = is_new ? 0 : of_name;
        is_in_last = !is_new && is_in_last;
        if (is_in_last) {
            demand->names[mentions[i].place] = NULL;
            continue;
        }
        is_in_last = mentions[i].place >= first;
        of_name++;
        if (is_in_last && of_name > most)
            most = of_name;
    }
    return most;
}

size_t lock_demand_tidy(struct lock_demand *demand)
{
    struct lock_group *group = &demand->groups[demand->group_count - 1];
    size_t first = demand->name_count - group->name_count, kept = first, most;
    struct mention *mentions = malloc(demand->name_count * sizeof *mentions);

    if (mentions == NULL)
        return 0;
    for (size_t i = 0; i < demand->name_count; i++)
        mentions[i] = (struct mention){demand->names[i], i};
    qsort(mentions, demand->name_count, sizeof *mentions, compare_mentions);
    most = find_twice(demand, mentions, first);
    free(mentions);
    for (size_t i = first; i < demand->name_count; i++) {
        if (demand->names[i] != NULL)
            demand->names[kept++] = demand->names[i];
    }
    group->name_count = kept - first;
    demand->name_count = (uint32_t)kept;
    return most;
}

bool lock_demand_set_only(struct lock_demand *demand, struct lock_demand_room *room,
                          const char *name, size_t len)
{
    assert(demand->group_count == 0 && demand->groups == NULL);
    if (len >= sizeof room->text)
        return false;
    memcpy(room->text, name, len);
    room->text[len] = '\0';
    room->name = room->text;
    room->group = (struct lock_group){.names = &room->name, .name_count = 1, .count = 1};
    *demand = (struct lock_demand){.groups = &room->group,
                                   .names = &room->name,
                                   .group_count = 1,
                                   .name_count = 1,
                                   .is_lent = true};
    return true;
}

void lock_demand_set_count(struct lock_demand *demand, size_t count)
{
    assert(demand->group_count > 0);
    demand->groups[demand->group_count - 1].count = count;
}

void lock_demand_set_shared(struct lock_demand *demand, bool shared)
{
    assert(demand->group_count > 0);
    demand->groups[demand->group_count - 1].shared = shared;
}

void lock_demand_set_spread(struct lock_demand *demand, bool spread)
{
    assert(demand->group_count > 0);
    demand->groups[demand->group_count - 1].spread = spread;
}

char *lock_names_join(const char *const *names, size_t count, char separator)
{
    size_t size = 1;
    char *joined, *end;

    for (size_t i = 0; i < count; i++)
        size += strlen(names[i]) + 1;
    joined = malloc(size);
    if (joined == NULL)
        return NULL;
    end = joined;
    *end = '\0';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *end++ = separator;
        end = stpcpy(end, names[i]);
    }
    return joined;
}

char *lock_names_abridge(const char *const *names, size_t count, size_t most)
{
    size_t told = 0, used = 0;
    char *joined, *all;

    while (told < count && (told == 0 || used + strlen(names[told]) < most))
        used += strlen(names[told++]) + 1;
    joined = lock_names_join(names, told, ' ');
    if (joined == NULL || told == count)
        return joined;
    if (asprintf(&all, "%s +%zu", joined, count - told) < 0)
        all = NULL;
    free(joined);
    return all;
}

/* A text of fixed size in the making; `used` may be beyond it. */
struct description {
    char *text;
    size_t size, used;
};

static void append(struct description *out, const char *text)
{
    size_t len = strlen(text);

    if (out->used + len < out->size)
        memcpy(out->text + out->used, text, len + 1);
    else if (out->used < out->size)
        memcpy(out->text + out->used, text, out->size - out->used);
    out->used += len;
}

static void append_group(struct description *out, const struct lock_group *group)
{
    char count[32];

    if (group->shared)
        append(out, "shared ");
    if (group->count > 1) {
        snprintf(count, sizeof count, "%zu of ", group->count);
        append(out, count);
    }
    for (size_t i = 0; i < group->name_count && out->used < out->size; i++) {
        append(out, i > 0 ? ":" : "");
        append(out, group->names[i]);
    }
}

void lock_demand_describe(const struct lock_demand *demand, char *out, size_t size)
{
    struct description description = {.text = out, .size = size};

    out[0] = '\0';
    for (size_t g = 0; g < demand->group_count && description.used < size; g++) {
        append(&description, g > 0 ? " and " : "");
        append_group(&description, &demand->groups[g]);
    }
    if (description.used >= size)
        memcpy(out + size - sizeof "...", "...", sizeof "...");
}
