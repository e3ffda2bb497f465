/* What a request has asked for, or holds, as text and back.
 * Must not judge whether a lock table would take it. */
#include "demand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static int reserve_demand(struct store_demand *demand, const char *text)
{
    size_t groups = 1, names = 1;

    for (const char *c = text; *c != '\0'; c++) {
        groups += *c == '\n';
        names += *c == ' ';
    }
    demand->text = strdup(text);
    demand->names = calloc(names, sizeof *demand->names);
    demand->groups = calloc(groups, sizeof *demand->groups);
    return demand->text != NULL && demand->names != NULL && demand->groups != NULL ? 0 : -1;
}

static int parse_group(struct lock_group *group, const char **names, char *line)
{
    char *rest = line, *word = strsep(&rest, " ");
    uint64_t count;

    group->names = names;
    if (number_parse(word, UINT32_MAX, &count) != 0 || count == 0)
        return -1;
    group->count = (size_t)count;
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word == '\0')
            return -1;
        names[group->name_count++] = word;
    }
    return group->name_count >= group->count ? 0 : -1;
}

int store_demand_parse(struct store_demand *demand, const char *text)
{
    char *rest, *line;
    const char **names;

    *demand = (struct store_demand){0};
    if (reserve_demand(demand, text) != 0) {
        store_demand_fini(demand);
        errno = ENOMEM;
        return -1;
    }
    rest = demand->text;
    names = demand->names;
    while ((line = strsep(&rest, "\n")) != NULL) {
        struct lock_group *group = &demand->groups[demand->group_count++];

        if (parse_group(group, names, line) != 0) {
            store_demand_fini(demand);
            errno = EINVAL;
            return -1;
        }
        names += group->name_count;
    }
    return 0;
}

void store_demand_fini(struct store_demand *demand)
{
    int saved_errno = errno;

    free(demand->text);
    free(demand->names);
    free(demand->groups);
    *demand = (struct store_demand){0};
    errno = saved_errno;
}
