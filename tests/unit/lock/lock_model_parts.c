/* The model of the lock table: groups that overlap.
 * Must not share code or ideas with lib/lock: all ways to give locks to groups are tried. */
#include <string.h>

#include "lock_model.h"

static bool is_in(const struct model_group *group, int name)
{
    for (int i = 0; i < group->name_count; i++)
        if (group->names[i] == name)
            return true;
    return false;
}

/* The most of the names from `name` on that can be given to parts, each of which takes so many. */
static int most(const struct model_parts *parts, const bool has[MODEL_NAMES], int name,
                const int room[MODEL_GROUPS])
{
    int best;

    if (name == MODEL_NAMES)
        return 0;
    best = most(parts, has, name + 1, room);
    for (int p = 0; p < parts->count && has[name]; p++) {
        int left[MODEL_GROUPS], with;

        if (room[p] == 0 || !is_in(&parts->groups[p], name))
            continue;
        memcpy(left, room, sizeof left);
        left[p]--;
        with = 1 + most(parts, has, name + 1, left);
        best = with > best ? with : best;
    }
    return best;
}

int model_matched(const struct model_request *request, const bool has[MODEL_NAMES])
{
    int room[MODEL_GROUPS] = {0};

    for (int p = 0; p < request->parts.count; p++)
        room[p] = request->parts.groups[p].count;
    return most(&request->parts, has, 0, room);
}

/* Whether a name, besides what the request has of its group, makes more of it. */
bool model_is_of_use(const struct model_request *request, int name)
{
    bool has[MODEL_NAMES] = {false};
    int before;

    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name == name && request->seats[i].group != request->parts.group)
            return true;
        has[request->seats[i].name] |= request->seats[i].group == request->parts.group &&
                                       (request->seats[i].state == LOCK_SEAT_PROMISED ||
                                        request->seats[i].state == LOCK_SEAT_HELD);
    }
    if (request->parts.count == 0)
        return true;
    before = model_matched(request, has);
    has[name] = true;
    return model_matched(request, has) > before;
}

static bool overlaps(const struct model_ask *ask, int g, int *name)
{
    for (int h = 0; h < ask->group_count; h++)
        for (int i = 0; h != g && i < ask->groups[h].name_count; i++)
            if (is_in(&ask->groups[g], ask->groups[h].names[i])) {
                *name = ask->groups[h].names[i];
                return true;
            }
    return false;
}

static void add_names(struct model_request *request, const struct model_group *group, int number)
{
    for (int i = 0; i < group->name_count; i++) {
        int k = 0;

        while (k < request->seat_count && request->seats[k].name != group->names[i])
            k++;
        if (k == request->seat_count)
            request->seats[request->seat_count++] =
                (struct model_seat){group->names[i], number, LOCK_SEAT_QUEUED, true, false};
    }
}

/* The seats of a demand: each name once, in order, those of groups that overlap as of one.  Fails
 * where some of these share and others do not. */
bool model_merge(struct model_request *request, int *fault)
{
    struct model_ask ask = request->ask;
    struct model_parts *parts = &request->parts;

    request->ask.group_count = 0;
    for (int g = 0; g < ask.group_count; g++) {
        struct model_group *group = &request->ask.groups[request->ask.group_count];

        if (!overlaps(&ask, g, fault)) {
            *group = ask.groups[g];
            request->ask.group_count++;
        } else if (parts->count == 0) {
            parts->group = request->ask.group_count++;
            *group =
                (struct model_group){.count = ask.groups[g].count, .shared = ask.groups[g].shared};
            parts->groups[parts->count++] = ask.groups[g];
        } else {
            if (request->ask.groups[parts->group].shared != ask.groups[g].shared)
                return false;
            request->ask.groups[parts->group].count += ask.groups[g].count;
            parts->groups[parts->count++] = ask.groups[g];
        }
    }
    for (int g = 0; g < request->ask.group_count; g++) {
        if (parts->count == 0 || g != parts->group)
            add_names(request, &request->ask.groups[g], g);
        for (int p = 0; p < parts->count && g == parts->group; p++)
            add_names(request, &parts->groups[p], g);
    }
    return true;
}
