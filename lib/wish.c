/* Wishes: the "locks", "and" and "count" lines of a connection.
 * Must not judge whether a wish can be fulfilled: the lock table does. */
#include "wish.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

static const char no_memory[] = "the server is out of memory; try again later";

/* The names of a group are one piece of memory, which begins with the first. */
void wish_fini(struct wish *wish)
{
    for (size_t g = 0, at = 0; g < wish->group_count; at += wish->groups[g++].name_count)
        free(wish->names[at]);
    free(wish->names);
    free(wish->groups);
    *wish = (struct wish){0};
}

/* The array of names may have moved. */
static void point_groups_at_names(struct wish *wish)
{
    size_t at = 0;

    for (size_t g = 0; g < wish->group_count; g++) {
        wish->groups[g].names = (const char *const *)&wish->names[at];
        at += wish->groups[g].name_count;
    }
}

static const char *check_names(const char *text, size_t *count)
{
    size_t found = 0;

    for (const char *at = text; *(at += words_blank_len(at)) != '\0'; found++) {
        size_t len = words_word_len(at);

        if (len > WISH_NAME_LEN_MAX)
            return "a lock's name is longer than 255 bytes; use a shorter one";
        at += len;
    }
    if (found == 0)
        return "no lock is named; name one";
    *count = found;
    return NULL;
}

const char *wish_add_group(struct wish *wish, const char *text)
{
    size_t count;
    const char *wrong = check_names(text, &count);
    struct lock_group *groups;
    char **names, *rest;

    if (wrong != NULL)
        return wrong;
    if (count > WISH_NAMES_MAX - wish->name_count)
        return "a request can name 1024 locks at most; name fewer";
    names = realloc(wish->names, (wish->name_count + count) * sizeof *names);
    if (names == NULL)
        return no_memory;
    wish->names = names;
    groups = realloc(wish->groups, (wish->group_count + 1) * sizeof *groups);
    if (groups == NULL)
        return no_memory;
    wish->groups = groups;
    rest = strdup(text + words_blank_len(text));
    if (rest == NULL)
        return no_memory;
    names[wish->name_count] = rest; /* the memory begins with the first */
    for (size_t i = 0; i < count; i++)
        names[wish->name_count++] = words_next(&rest);
    groups[wish->group_count++] = (struct lock_group){.name_count = count, .count = 1};
    point_groups_at_names(wish);
    return NULL;
}

const char *wish_set_count(struct wish *wish, size_t count)
{
    if (wish->group_count == 0)
        return "a count comes behind the names that it counts; send \"locks\" first";
    wish->groups[wish->group_count - 1].count = count;
    return NULL;
}
