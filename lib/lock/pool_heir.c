/* What is made early for a reload, one waiting request at a time.
 * Must not move a request, nor make a lock. */
#include "pool_heir.h"

#include "pool_standing.h"

static uint32_t membership_changes(const struct lock_request *request)
{
    const struct pool_person *person = request->process->person;

    return person != NULL ? person->changes : 0;
}

static int make(struct lock_table *table, const struct pool_index *index,
                struct lock_request *request, struct pool_standing **heir)
{
    struct pool_move move;

    if (request->state == LOCK_WAITING)
        return pool_move_prepare_early(table, index, request, heir);
    if (pool_move_prepare_held(table, index, request, &move) != 0)
        return -1;
    *heir = move.standing;
    return 0;
}

int pool_heir_prepare(struct lock_table *table, const struct pool_index *index,
                      struct lock_request *request)
{
    struct pool_standing *heir;

    if (request->pooled == NULL || request->pooled->heir != NULL)
        return 0;
    if (make(table, index, request, &heir) != 0)
        return -1;
    if (heir != NULL)
        pool_standing_own_early(heir);
    request->pooled->heir = heir;
    request->pooled->heir_changes = membership_changes(request);
    return 0;
}

bool pool_heir_is_right(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    return standing != NULL && standing->heir != NULL &&
           standing->heir_changes == membership_changes(request);
}

bool pool_heir_take(struct lock_table *table, struct lock_request *request, struct pool_move *move)
{
    if (!pool_heir_is_right(request)) {
        if (request->pooled != NULL)
            pool_standing_drop_heir(table->pools, request->pooled);
        return false;
    }
    *move = (struct pool_move){.request = request,
                               .standing = request->pooled->heir,
                               .asked_ms = request->pooled->asked_ms,
                               .keeps_seats = true};
    request->pooled->heir = NULL;
    return true;
}
