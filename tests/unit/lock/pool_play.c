/* Random operations on a lock table with pools and on its model.
 * Must not judge what comes of them. */
#include "pool_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock_slices.h"
#include "pool_foreseen.h"

void pool_play_record(void *context, const struct lock_event *event)
{
    struct pool_play *play = context;

    EXPECT(play, play->event_count < PM_EVENTS);
    play->events[play->event_count++] =
        (struct pm_event){event->kind, event->request->ticket, pool_play_number(event->name)};
    play->kinds[event->kind]++;
}

uint64_t pool_play_choose(struct pool_play *play, uint64_t below)
{
    return play_random(&play->random, below);
}

/* Names that are of one kind go together, mostly. */
static void choose_words(struct pool_play *play, struct pm_words *words)
{
    static const struct {
        int first, count;
    } ranges[] = {{0, 3}, {PM_P1, 6}, {PM_Q1, 4}, {PM_M, 3}};

    words->group_count = 1 + (pool_play_choose(play, 2) == 0) + (pool_play_choose(play, 6) == 0);
    for (int g = 0; g < words->group_count; g++) {
        int kind = (int)pool_play_choose(play, 4), want = 1 + (int)pool_play_choose(play, 3);

        words->groups[g].count =
            1 + (pool_play_choose(play, 2) == 0) + (pool_play_choose(play, 5) == 0);
        words->groups[g].word_count = 0;
        if (kind > 0 && pool_play_choose(play, 3) > 0) {
            words->groups[g].words[words->groups[g].word_count++] = PM_POOL_NAMES + kind - 1;
            continue;
        }
        for (int i = 0; i < ranges[kind].count && words->groups[g].word_count < want; i++)
            if (pool_play_choose(play, 2) == 0)
                words->groups[g].words[words->groups[g].word_count++] = ranges[kind].first + i;
        if (words->groups[g].word_count == 0)
            words->groups[g].words[words->groups[g].word_count++] = ranges[kind].first;
        if (words->groups[g].count > words->groups[g].word_count)
            words->groups[g].count = 1;
    }
}

static int maybe(struct pool_play *play, int count)
{
    return pool_play_choose(play, 6) == 0 ? -1 : (int)pool_play_choose(play, (uint64_t)count);
}

/* `shared` is the group that is to be shared; -1: none. */
static enum lock_outcome ask_table(struct pool_play *play, const struct pm_ask *ask, int shared)
{
    struct pool_list memberships = pm_memberships(&play->configs[play->current], ask->user);
    const char *names[PM_GROUPS][PM_WORDS];
    struct lock_group groups[PM_GROUPS];
    const struct lock_ask real = {
        .owner = pm_owners[ask->owner],
        .groups = groups,
        .group_count = (size_t)ask->words.group_count,
        .host = ask->host >= 0 ? pm_hosts[ask->host] : NULL,
        .job = ask->job >= 0 ? pm_jobs[ask->job] : NULL,
        .user = ask->user >= 0 ? pm_users[ask->user] : NULL,
        .memberships = memberships.items,
        .membership_count = memberships.count,
        .project = ask->project >= 0 ? pm_projects[ask->project] : NULL,
        .priority = ask->priority,
        .wait = ask->wait,
        .hold_ms = ask->hold_ms,
        .keep_ms = ask->keep_ms,
    };

    for (int g = 0; g < ask->words.group_count; g++) {
        for (int i = 0; i < ask->words.groups[g].word_count; i++)
            names[g][i] = pm_names[ask->words.groups[g].words[i]];
        groups[g] = (struct lock_group){.names = names[g],
                                        .name_count = (size_t)ask->words.groups[g].word_count,
                                        .count = (size_t)ask->words.groups[g].count,
                                        .shared = g == shared};
    }
    return pool_ask_foreseen(play->table, &real, play->model.now_ms);
}

static void describe(struct pool_play *play, const struct pm_ask *ask)
{
    int at = snprintf(play->what, sizeof play->what, "%s asks", pm_owners[ask->owner]);

    for (int g = 0; g < ask->words.group_count; g++) {
        at += snprintf(play->what + at, sizeof play->what - (size_t)at, " %d of",
                       ask->words.groups[g].count);
        for (int i = 0; i < ask->words.groups[g].word_count; i++)
            at += snprintf(play->what + at, sizeof play->what - (size_t)at, " %s",
                           pm_names[ask->words.groups[g].words[i]]);
    }
    snprintf(play->what + at, sizeof play->what - (size_t)at,
             " user %d project %d host %d job %d keep %" PRId64, ask->user, ask->project, ask->host,
             ask->job, ask->keep_ms);
}

static bool has_unknown(const struct pool_play *play, int owner)
{
    for (int i = 0; i < play->model.request_count; i++)
        if (play->model.requests[i].is_unknown && play->model.requests[i].ask.owner == owner)
            return true;
    return false;
}

static bool is_of_pools(const struct pool_play *play, const struct pm_ask *ask)
{
    bool declared = false;

    for (int g = 0; g < ask->words.group_count; g++)
        for (int i = 0; i < ask->words.groups[g].word_count; i++)
            declared |= pm_is_declared(&play->model, ask->words.groups[g].words[i]);
    return declared;
}

/* Whether a name stands in two groups. */
static bool overlaps(const struct pm_words *words)
{
    int group_of[PM_NAMES] = {0};

    for (int g = 0; g < words->group_count; g++)
        for (int i = 0; i < words->groups[g].word_count; i++) {
            int *group = &group_of[words->groups[g].words[i]];

            if (*group != 0 && *group != g + 1)
                return true;
            *group = g + 1;
        }
    return false;
}

/* Seats are not shared, nor asked for together with what is; and nothing comes of it. */
static void ask_to_share(struct pool_play *play, const struct pm_ask *ask)
{
    enum lock_outcome outcome =
        ask_table(play, ask, (int)pool_play_choose(play, (uint64_t)ask->words.group_count));

    play->outcomes[outcome]++;
    EXPECT(play, outcome == LOCK_OUTCOME_SHARES || outcome == LOCK_OUTCOME_UNKNOWN);
}

static void do_ask(struct pool_play *play)
{
    struct pm_ask ask = {
        .owner = (int)pool_play_choose(play, PM_OWNERS),
        .user = maybe(play, PM_USERS),
        .project = maybe(play, PM_PROJECTS),
        .host = maybe(play, PM_HOSTS),
        .job = maybe(play, PM_JOBS),
        .priority = (int)pool_play_choose(play, 5) - 1,
        .wait = pool_play_choose(play, 8) > 0,
        .hold_ms = pool_play_choose(play, 4) == 0 ? 1 + (int64_t)pool_play_choose(play, 300) : 0,
        .keep_ms = pool_play_choose(play, 5) == 0 ? 1 + (int64_t)pool_play_choose(play, 300) : 0,
    };
    enum lock_outcome wanted, outcome;

    if (play->model.request_count >= PM_LIVE - 1)
        return;
    choose_words(play, &ask.words);
    describe(play, &ask);
    if (!is_of_pools(play, &ask) && overlaps(&ask.words))
        return; /* test_lock_table_model.c plays these */
    if (is_of_pools(play, &ask) && !has_unknown(play, ask.owner) &&
        pool_play_choose(play, 25) == 0) {
        ask_to_share(play, &ask);
        return;
    }
    wanted = pm_ask(&play->model, &ask);
    outcome = ask_table(play, &ask, -1);
    if (outcome == LOCK_OUTCOME_CHOOSES || outcome == LOCK_OUTCOME_OVERLAP ||
        outcome == LOCK_OUTCOME_BAD_COUNT)
        outcome = LOCK_OUTCOME_MIXED;
    play->outcomes[outcome]++;
    if (outcome != wanted) {
        printf("# table says %d, model %d\n", outcome, wanted);
        pool_play_show(play);
    }
    EXPECT(play, outcome == wanted);
}

struct lock_request *pool_play_find(const struct pool_play *play, uint64_t ticket)
{
    struct lock_request *request = NULL;
    const struct lock_seat *seat = NULL;

    while ((request = lock_table_next_waiter(play->table, request)) != NULL)
        if (request->ticket == ticket)
            return request;
    while ((seat = lock_table_next_held(play->table, seat)) != NULL)
        if (seat->request->ticket == ticket)
            return seat->request;
    return NULL;
}

void pool_play_end(struct pool_play *play, uint64_t ticket)
{
    struct lock_request *request = pool_play_find(play, ticket);

    snprintf(play->what, sizeof play->what, "end %" PRIu64, ticket);
    EXPECT(play, request != NULL);
    pm_end(&play->model, ticket);
    lock_table_end(play->table, request, LOCK_REASON_GONE, play->model.now_ms);
}

/* The process of the owner ends. */
static void end_by_owner(struct pool_play *play, uint64_t ticket)
{
    struct lock_request *request = pool_play_find(play, ticket);

    snprintf(play->what, sizeof play->what, "end of %" PRIu64 " by its owner", ticket);
    pm_end_by_owner(&play->model, ticket);
    lock_table_end(play->table, request, LOCK_REASON_DEAD, play->model.now_ms);
}

static void change_presence(struct pool_play *play, uint64_t ticket)
{
    struct lock_request *request = pool_play_find(play, ticket);
    uint64_t how = pool_play_choose(play, 3);

    snprintf(play->what, sizeof play->what, "%" PRIu64 " presence %d", ticket, (int)how);
    if (request->state != LOCK_WAITING)
        return;
    if (how == 2) {
        pm_set_away(&play->model, ticket);
        lock_table_set_away(play->table, request, play->model.now_ms);
        return;
    }
    if (request->away && how == 0)
        return;
    pm_set_present(&play->model, ticket, how == 1);
    lock_table_set_present(play->table, request, how == 1, play->model.now_ms);
}

static void do_request(struct pool_play *play, uint64_t kind)
{
    uint64_t ticket;

    if (play->model.request_count == 0)
        return;
    ticket =
        play->model.requests[pool_play_choose(play, (uint64_t)play->model.request_count)].ticket;
    if (kind == 0 && pool_play_choose(play, 3) == 0)
        pool_play_end(play, ticket);
    else if (kind == 0)
        end_by_owner(play, ticket);
    else
        change_presence(play, ticket);
}

static void do_unlock(struct pool_play *play)
{
    int owner = (int)pool_play_choose(play, PM_OWNERS),
        name = (int)pool_play_choose(play, PM_NAMES);
    size_t wanted, released;

    snprintf(play->what, sizeof play->what, "%s unlocks %s", pm_owners[owner], pm_names[name]);
    wanted = pm_unlock(&play->model, owner, name);
    released = lock_table_unlock(play->table, pm_owners[owner], &pm_names[name], 1,
                                 play->model.now_ms, NULL);
    if (released != wanted) {
        pool_play_show(play);
    }
    EXPECT(play, released == wanted);
}

/* Ends that are nobody's own. */
static void do_ends(struct pool_play *play)
{
    int name = (int)pool_play_choose(play, PM_NAMES), job = (int)pool_play_choose(play, PM_JOBS);
    uint64_t kind = pool_play_choose(play, 8);

    if (kind == 0) {
        snprintf(play->what, sizeof play->what, "job %s ends", pm_jobs[job]);
        EXPECT(play,
               pm_end_job(&play->model, job) ==
                   slices_end_job(play->table, pm_jobs[job], 1 + (uint64_t)play->model.now_ms % 100,
                                  play->model.now_ms));
    } else if (kind < 3) {
        snprintf(play->what, sizeof play->what, "%s is broken", pm_names[name]);
        EXPECT(play, pm_break(&play->model, name) ==
                         lock_table_break(play->table, pm_names[name], play->model.now_ms));
    } else {
        snprintf(play->what, sizeof play->what, "limits");
        pm_expire(&play->model);
        lock_table_expire(play->table, play->model.now_ms);
    }
}

static void do_pool(struct pool_play *play)
{
    int pool = (int)pool_play_choose(play, PM_POOLS), name = (int)pool_play_choose(play, PM_NAMES);

    play->may_lose_room = true;
    if (pool_play_choose(play, 2) == 0) {
        uint32_t outside = (uint32_t)pool_play_choose(play, 5);

        snprintf(play->what, sizeof play->what, "%u of pool %d outside", outside, pool);
        pm_set_outside(&play->model, pool, outside);
        lock_table_set_outside(play->table, pm_names[PM_POOL_NAMES + pool], outside,
                               play->model.now_ms);
    } else {
        bool offline = pool_play_choose(play, 3) == 0;

        snprintf(play->what, sizeof play->what, "%s offline %d", pm_names[name], offline);
        pm_set_offline(&play->model, name, offline);
        lock_table_set_offline(play->table, pm_names[name], offline, play->model.now_ms);
    }
}

static const char *const *find_groups(void *context, const char *user, size_t *count)
{
    int number = 0;
    struct pool_list groups;

    while (strcmp(pm_users[number], user) != 0)
        number++;
    groups = pm_memberships(context, number);
    *count = groups.count;
    return groups.items;
}

static struct pm_config *next_config(struct pool_play *play)
{
    return &play->configs[!play->current];
}

static void choose_next(struct pool_play *play)
{
    struct pm_config *next = next_config(play);

    lock_table_forget_pools(play->table, NULL); /* what is prepared points into it */
    for (int i = 0; i < PM_POOLS; i++) {
        uint64_t how = pool_play_choose(play, 6);

        next->seeds[i] = play->configs[play->current].seeds[i];
        if (how == 0)
            next->seeds[i] = 0;
        else if (how <= 2 || next->seeds[i] == 0)
            next->seeds[i] = 1 + pool_play_choose(play, UINT64_MAX - 1);
    }
    next->season = play->configs[play->current].season ^ (pool_play_choose(play, 4) == 0);
    pm_config_build(next);
    play->is_chosen = true;
}

/* Some of a reload that is to come, or of what the last one left. */
static void do_early(struct pool_play *play)
{
    size_t most = 1 + pool_play_choose(play, 4);

    snprintf(play->what, sizeof play->what, "prepare for %zu", most);
    if (pool_play_choose(play, 4) == 0)
        lock_table_tidy_pools(play->table, most);
    if (!play->is_chosen)
        choose_next(play);
    EXPECT(play, lock_table_prepare_pools(play->table, &next_config(play)->config, most) >= 0);
    play->early++;
}

void pool_play_declare(struct pool_play *play)
{
    struct pm_config *next = next_config(play);

    snprintf(play->what, sizeof play->what, "declare");
    play->is_reload = true;
    if (!play->is_chosen || pool_play_choose(play, 8) == 0)
        choose_next(play);
    play->is_chosen = false;
    play->current = !play->current;
    pm_declare(&play->model, next);
    EXPECT(play, lock_table_renew_memberships(play->table, find_groups, next) >= 0);
    EXPECT(play, lock_table_set_pools(play->table, &next->config, play->model.now_ms) == 0);
    play->reloads++;
}

void pool_play_step(struct pool_play *play)
{
    uint64_t kind = pool_play_choose(play, 100);

    pool_play_begin(play);
    play->model.now_ms += (int64_t)pool_play_choose(play, 20);
    if (pool_play_choose(play, RELOAD_ONE_IN) == 0)
        pool_play_declare(play);
    else if (pool_play_choose(play, EARLY_ONE_IN) == 0)
        do_early(play);
    else if (kind < 55)
        do_ask(play);
    else if (kind < 75)
        do_request(play, 0);
    else if (kind < 82)
        do_request(play, 1);
    else if (kind < 90)
        do_unlock(play);
    else if (kind < 93)
        do_ends(play);
    else
        do_pool(play);
    pool_play_done(play);
}
