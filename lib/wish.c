/* Wishes: the "locks", "and" and "count" lines of a connection.
 * Must not judge whether a wish can be fulfilled: the lock table does. */
#include "wish.h"

#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "the server is out of memory; try again later";

void wish_fini(struct wish *wish)
{
    for (size_t i = 0; i < wish->name_count; i++)
        free(wish->names[i]);
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

static const char *check_names(char *text, size_t *count)
{
    size_t found = 0;

    for (char *at = text; *(at += strspn(at, " \t\r\v\f")) != '\0'; found++) {
        size_t len = strcspn(at, " \t\r\v\f");

        if (len > WISH_NAME_LEN_MAX)
            return "a lock's name is longer than 255 bytes; use a shorter one";
        at += len;
    }
    if (found == 0)
        return "no lock is named; name one";
    *count = found;
    return NULL;
}

const char *wish_add_group(struct wish *wish, char *text)
{
    size_t count, total = wish->name_count;
    const char *wrong = check_names(text, &count);
    struct lock_group *groups;
    char **names, *rest = NULL;

    if (wrong != NULL)
        return wrong;
    if (count > WISH_NAMES_MAX - wish->name_count)
        return "a request can name 1024 locks at most; name fewer";
    names = realloc(wish->names, (total + count) * sizeof *names);
    if (names == NULL)
        return no_memory;
    wish->names = names;
    groups = realloc(wish->groups, (wish->group_count + 1) * sizeof *groups);
    if (groups == NULL)
        return no_memory;
    wish->groups = groups;
    for (char *name = strtok_r(text, " \t\r\v\f", &rest); name != NULL;
         name = strtok_r(NULL, " \t\r\v\f", &rest)) {
        names[total] = strdup(name);
        if (names[total] == NULL) {
            while (total > wish->name_count)
                free(names[--total]);
            return no_memory;
        }
        total++;
    }
    wish->name_count = total;
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
