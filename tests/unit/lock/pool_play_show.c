/* What stands in a lock table with pools and in its model, for who looks for a fault.
 * Must not change anything. */
#include <stdio.h>

#include "lock/pool_types.h"
#include "pool_play.h"

enum pm_stage pool_play_stage(const struct lock_request *request)
{
    if (request->pooled == NULL)
        return request->away ? PM_NOWHERE : PM_SELECTED;
    return (enum pm_stage)request->pooled->stage;
}

static void show_state(const struct pool_play *play)
{
    for (int i = 0; i < play->event_count; i++)
        printf("# table %d of %" PRIu64 " %d\n", play->events[i].kind, play->events[i].ticket,
               play->events[i].name);
    for (int i = 0; i < play->model.event_count; i++)
        printf("# model %d of %" PRIu64 " %d\n", play->model.events[i].kind,
               play->model.events[i].ticket, play->model.events[i].name);
    for (int i = 0; i < play->model.request_count; i++) {
        const struct pm_request *request = &play->model.requests[i];
        const struct pm_words *words = &request->ask.words;

        printf("# %" PRIu64 " %s state %d stage %d%s:", request->ticket,
               pm_owners[request->ask.owner], request->state, request->stage,
               request->is_unknown ? " unknown" : "");
        for (int g = 0; g < words->group_count; g++) {
            printf(" %d of", words->groups[g].count);
            for (int k = 0; k < words->groups[g].word_count; k++)
                printf(" %s", pm_names[words->groups[g].words[k]]);
        }
        printf("; has");
        for (int name = 0; name < PM_NAMES; name++)
            if (play->model.locks[name].ticket == request->ticket)
                printf(" %s%s", pm_names[name], play->model.locks[name].is_held ? "" : "?");
        printf("\n");
    }
}

static void show_table(const struct pool_play *play)
{
    const struct lock_request *request = NULL;

    while ((request = lock_table_next_waiter(play->table, request)) != NULL) {
        for (uint32_t i = 0; request->pooled != NULL && i < request->pooled->tie_count; i++)
            if (request->pooled->ties[i].share != NULL)
                printf("# class %s use %u pass %" PRIu64 " weight %u time %" PRIu64
                       " order %" PRId64 "\n",
                       request->pooled->ties[i].share->value, request->pooled->ties[i].share->use,
                       request->pooled->ties[i].share->pass, request->pooled->ties[i].share->weight,
                       request->pooled->ties[i].pool->virtual_time,
                       request->pooled->ties[i].order_ms);
        printf("# table: %" PRIu64 " stage %d full %u of %u:", request->ticket,
               pool_play_stage(request), request->full_groups, request->group_count);
        for (uint32_t i = 0; i < request->seat_count; i++)
            printf(" %s/%d", request->seats[i].lock != NULL ? request->seats[i].lock->name : "-",
                   request->seats[i].state);
        for (uint32_t i = 0; request->pooled != NULL && i < request->pooled->credit_count; i++)
            printf(" (%d %s %u of %u, wants %u%s)", request->pooled->credits[i].counter->kind,
                   request->pooled->credits[i].counter->value,
                   request->pooled->credits[i].counter->used,
                   request->pooled->credits[i].counter->limit,
                   request->pooled->credits[i].tie->amount,
                   i < request->pooled->credits_taken ? ", has it" : "");
        printf("\n");
    }
}

static void show_rules(struct pool_play *play)
{
    for (int pool = 0; pool < PM_POOLS; pool++) {
        const struct pm_pool *it = &play->model.pools[pool];

        if (!it->is_declared)
            continue;
        printf("# pool %s: %d seats, serial %" PRIu64 ", %s, %s, outside %u, room %d, time %" PRIu64
               "\n",
               pm_names[PM_POOL_NAMES + pool], pm_size(it), it->serial,
               pool_rules_any(it->config) ? "rules" : "no rules",
               pm_keeps_room(&play->model, pool) ? "keeps room" : "any seat", it->outside,
               pm_slack(&play->model, pool), it->virtual_time);
        for (int i = 0; i < it->share_count; i++)
            printf("#   class %s use %u pass %" PRIu64 "\n", it->shares[i].value,
                   pm_use(&play->model, pool, it->shares[i].value), it->shares[i].pass);
    }
    for (int i = 0; i < play->model.request_count; i++)
        for (int k = 0; k < play->model.requests[i].tie_count; k++)
            printf("# %" PRIu64 " tie %s class %s order %" PRId64 " group of first %d\n",
                   play->model.requests[i].ticket,
                   pm_names[PM_POOL_NAMES + play->model.requests[i].ties[k].pool],
                   play->model.requests[i].ties[k].share, play->model.requests[i].ties[k].order_ms,
                   play->model.requests[i].groups[0].pool);
}

void pool_play_show(const struct pool_play *play)
{
    show_state(play);
    show_table(play);
}

void pool_play_show_rules(struct pool_play *play)
{
    show_rules(play);
    pool_play_show(play);
}
