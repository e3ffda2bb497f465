/* Searches for processes of containers, and the walks that serve them.
 * Must not hold the loop up, nor conclude anything from one look.
 */
#include "finder.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/tree.h"
#include "process/proc_stat.h"

enum {
    STEP = 64, /* processes; less than a millisecond */
    STEP_PAUSE_US = 2000,
    WALKS_APART_MS = 1000,
    SHARE = 20, /* a walk is followed by so many times what it took */
};

struct finder_search {
    struct tree_node node; /* in finder->by_start */
    LIST_ENTRY(finder_search) all;
    struct finder *finder;
    struct inner_process inner;
    uint64_t number;     /* from 1 on: of those with one start */
    uint64_t since_walk; /* the first that began with it */
    int64_t missed_ms;   /* when a walk had ended that has not found it; 0: none has */
    pid_t found;         /* by the walk that is under way; 0: nothing */
    bool is_many, is_same;
    finder_fn *function;
    void *context;
};

LIST_HEAD(search_list, finder_search);

struct finder {
    struct event *next;
    struct search_list searches, judged;
    struct tree by_start;
    struct proc_walk walk;
    bool is_walking;
    uint64_t numbers;           /* how many searches there were */
    uint64_t walks;             /* how many have begun */
    int64_t spent_us;           /* in this walk */
    int64_t began_ms, ended_ms; /* the last */
    int64_t due_ms;             /* when the next may begin */
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct finder_search *left = tree_entry(a, const struct finder_search, node);
    const struct finder_search *right = tree_entry(b, const struct finder_search, node);

    if (left->inner.start != right->inner.start)
        return left->inner.start < right->inner.start ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static void arm(struct finder *finder, int64_t pause_us)
{
    const struct timeval pause = {.tv_sec = pause_us / 1000000, .tv_usec = pause_us % 1000000};

    evtimer_add(finder->next, &pause);
}

static void begin_walk(struct finder *finder)
{
    struct finder_search *search;

    LIST_FOREACH(search, &finder->searches, all)
    {
        search->found = 0;
        search->is_many = search->is_same = false;
    }
    finder->walks++;
    finder->spent_us = 0;
    finder->began_ms = clock_now_ms();
    finder->is_walking = true;
    /* Where there is no /proc of ours, it is a walk that sees nothing. */
    if (proc_walk_init(&finder->walk) != 0)
        finder->walk.is_blind = true;
}

static void compare_with(struct finder *finder, struct finder_search *search, pid_t pid)
{
    enum inner_match match =
        search->is_same ? INNER_DIFFERS : inner_process_match_pid(&search->inner, pid);

    if (match == INNER_UNSEEN)
        finder->walk.is_blind = true;
    if (match != INNER_LIKELY && match != INNER_SAME)
        return;
    search->is_many = search->found != 0;
    search->is_same = match == INNER_SAME;
    search->found = pid;
}

static void look_at(struct finder *finder, const struct proc_stat *stat)
{
    const struct finder_search probe = {.inner.start = stat->start};
    struct tree_node *node = tree_at_least(&finder->by_start, &probe.node);

    for (; node != NULL; node = tree_next(&finder->by_start, node)) {
        struct finder_search *search = tree_entry(node, struct finder_search, node);

        if (search->inner.start != stat->start)
            break;
        compare_with(finder, search, stat->pid);
    }
}

/* Takes it out of all that the finder has. */
static void take_out(struct finder_search *search)
{
    LIST_REMOVE(search, all);
    tree_remove(&search->finder->by_start, &search->node);
}

static void tell(struct finder_search *search, enum pidstat_state state, bool sees_all)
{
    const struct finder_result result = {
        .state = state,
        .pid = search->found,
        .is_only = search->is_same || (sees_all && !search->is_many),
    };
    finder_fn *function = search->function;
    void *context = search->context;

    take_out(search);
    free(search);
    function(context, &result);
}

/* What a walk means that has ended.  False: there has to be another. */
static bool judge(struct finder_search *search, bool sees_all)
{
    const struct finder *finder = search->finder;
    bool is_whole = search->since_walk <= finder->walks;

    if (search->is_same || (is_whole && search->found != 0))
        tell(search, PIDSTAT_EXISTS, sees_all);
    else if (is_whole && !sees_all)
        tell(search, PIDSTAT_UNKNOWN, sees_all);
    else if (is_whole && search->missed_ms != 0 &&
             finder->began_ms - search->missed_ms >= WALKS_APART_MS)
        tell(search, PIDSTAT_GONE, sees_all);
    else
        return false;
    return true;
}

/* Callbacks may cancel searches of either list, and add to the first. */
static void judge_all(struct finder *finder, bool sees_all)
{
    struct finder_search *search;

    while ((search = LIST_FIRST(&finder->searches)) != NULL) {
        LIST_REMOVE(search, all);
        LIST_INSERT_HEAD(&finder->judged, search, all);
    }
    while ((search = LIST_FIRST(&finder->judged)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the list when it is freed */
        if (judge(search, sees_all))
            continue;
        if (search->missed_ms == 0 && search->since_walk <= finder->walks)
            search->missed_ms = finder->ended_ms;
        LIST_REMOVE(search, all);
        LIST_INSERT_HEAD(&finder->searches, search, all);
    }
}

static void arm_walk(struct finder *finder)
{
    int64_t pause_ms = finder->due_ms - clock_now_ms();

    if (!finder->is_walking && !LIST_EMPTY(&finder->searches) &&
        !evtimer_pending(finder->next, NULL))
        arm(finder, pause_ms > 0 ? pause_ms * 1000 : 0);
}

static void end_walk(struct finder *finder)
{
    int64_t pause_ms = finder->spent_us * SHARE / 1000;
    bool sees_all = !finder->walk.is_blind && inner_process_sees_all();

    proc_walk_fini(&finder->walk);
    finder->is_walking = false;
    finder->ended_ms = clock_now_ms();
    finder->due_ms = finder->ended_ms + (pause_ms > WALKS_APART_MS ? pause_ms : WALKS_APART_MS);
    judge_all(finder, sees_all);
    arm_walk(finder);
}

static void on_next(evutil_socket_t fd, short events, void *context)
{
    struct finder *finder = context;
    struct proc_stat stat;
    int64_t began_us = clock_now_us();
    bool more;

    (void)fd;
    (void)events;
    if (!finder->is_walking)
        begin_walk(finder);
    more = finder->walk.folder != NULL;
    for (int i = 0; i < STEP && more; i++) {
        more = proc_walk_next(&finder->walk, &stat);
        if (more)
            look_at(finder, &stat);
    }
    finder->spent_us += clock_now_us() - began_us;
    if (more)
        arm(finder, STEP_PAUSE_US);
    else
        end_walk(finder);
}

struct finder *finder_create(struct event_base *base)
{
    struct finder *finder = calloc(1, sizeof *finder);

    if (finder == NULL)
        return NULL;
    finder->by_start.compare = compare;
    finder->next = evtimer_new(base, on_next, finder);
    if (finder->next == NULL) {
        free(finder);
        errno = ENOMEM;
        return NULL;
    }
    return finder;
}

void finder_destroy(struct finder *finder)
{
    if (finder == NULL)
        return;
    while (!LIST_EMPTY(&finder->searches))
        finder_cancel(LIST_FIRST(&finder->searches)); /* NOLINT(clang-analyzer-unix.Malloc) */
    if (finder->is_walking)
        proc_walk_fini(&finder->walk);
    event_free(finder->next);
    free(finder);
}

struct finder_search *finder_start(struct finder *finder, const struct inner_process *inner,
                                   finder_fn *function, void *context)
{
    struct finder_search *search = calloc(1, sizeof *search);

    if (search == NULL)
        return NULL;
    search->finder = finder;
    search->inner = *inner;
    search->number = ++finder->numbers;
    search->since_walk = finder->walks + 1;
    search->function = function;
    search->context = context;
    LIST_INSERT_HEAD(&finder->searches, search, all);
    tree_insert(&finder->by_start, &search->node);
    arm_walk(finder);
    return search;
}

void finder_cancel(struct finder_search *search)
{
    take_out(search);
    free(search);
}
