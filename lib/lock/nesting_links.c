/* Which request is inside which grant.
 * Must not judge what comes of it: that is nesting.c. */
#include "nesting_links.h"

#include <stdlib.h>

#include "nesting.h"

/* How many of one side's links there are; *is_there is whether one is to `outer`. */
static size_t count_outers(const struct lock_request *inner, const struct lock_request *outer,
                           bool *is_there)
{
    size_t count = 0;

    *is_there = false;
    for (const struct lock_nesting *link = inner->outers; link != NULL;
         link = link->next_of_inner) {
        *is_there |= link->outer == outer;
        count++;
    }
    return count;
}

static size_t count_inners(const struct lock_request *outer)
{
    size_t count = 0;

    for (const struct lock_nesting *link = outer->inners; link != NULL; link = link->next_of_outer)
        count++;
    return count;
}

int lock_table_set_inside(struct lock_request *inner, struct lock_request *outer)
{
    struct lock_nesting *link;
    bool is_there;

    if (inner == outer || count_outers(inner, outer, &is_there) >= LOCK_OUTERS_MOST || is_there ||
        count_inners(outer) >= LOCK_OUTERS_MOST)
        return 0;
    link = malloc(sizeof *link);
    if (link == NULL)
        return -1;
    *link = (struct lock_nesting){.inner = inner,
                                  .outer = outer,
                                  .next_of_inner = inner->outers,
                                  .next_of_outer = outer->inners};
    inner->outers = link;
    outer->inners = link;
    return 0;
}

static void unlink_from_outer(const struct lock_nesting *link)
{
    struct lock_nesting **at = &link->outer->inners;

    while (*at != link)
        at = &(*at)->next_of_outer;
    *at = link->next_of_outer;
}

static void unlink_from_inner(const struct lock_nesting *link)
{
    struct lock_nesting **at = &link->inner->outers;

    while (*at != link)
        at = &(*at)->next_of_inner;
    *at = link->next_of_inner;
}

void lock_nesting_forget(struct lock_request *request)
{
    struct lock_nesting *link, *next;

    for (link = request->outers; link != NULL; link = next) {
        next = link->next_of_inner;
        unlink_from_outer(link);
        free(link);
    }
    for (link = request->inners; link != NULL; link = next) {
        next = link->next_of_outer;
        unlink_from_inner(link);
        free(link);
    }
    request->outers = request->inners = NULL;
}
