/* Looks for processes of containers for those who ask a pidstatd, and remembers what was found.
 * Must not let a question cost more than its place among the few that are open.
 */
#include "inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "process/process.h"

enum {
    OPEN_MAX = 256,
    OPEN_OF_AN_ASKER = 32,
    FOUND = 4096, /* that are remembered; each found in its place, where others take it from it */
};

struct open_question {
    TAILQ_ENTRY(open_question) all;
    struct inner_desk *desk;
    struct finder_search *search;
    struct inner_question asked;
    char host[PIDSTAT_WIRE_HOST_MAX + 1], pid_text[16];
};

struct found {
    struct inner_process inner;
    pid_t pid;
};

struct inner_desk {
    struct finder *finder;
    TAILQ_HEAD(open_list, open_question) open;
    size_t open_count;
    inner_answer_fn *answer;
    void *context;
    struct found found[FOUND];
};

static struct inner_process inner_of(const struct pidstat_question *question)
{
    return (struct inner_process){.pid = question->pid,
                                  .start = question->words.start,
                                  .pid_namespace = question->words.pid_namespace};
}

bool inner_is_asked(const struct pidstat_question *question, uint64_t ours)
{
    const unsigned needed = WORD_NAMESPACE | WORD_START | WORD_BOOT;
    const struct pidstat_words *words = &question->words;

    return (words->present & needed) == needed &&
           inner_process_is_here(words->pid_namespace, words->boot, ours);
}

struct inner_desk *inner_desk_create(struct event_base *base, inner_answer_fn *answer,
                                     void *context)
{
    struct inner_desk *desk = calloc(1, sizeof *desk);

    if (desk == NULL)
        return NULL;
    TAILQ_INIT(&desk->open);
    desk->answer = answer;
    desk->context = context;
    desk->finder = finder_create(base);
    if (desk->finder == NULL) {
        free(desk);
        errno = ENOMEM;
        return NULL;
    }
    return desk;
}

static void drop(struct open_question *open)
{
    TAILQ_REMOVE(&open->desk->open, open, all);
    open->desk->open_count--;
    free(open);
}

void inner_desk_destroy(struct inner_desk *desk)
{
    if (desk == NULL)
        return;
    while (!TAILQ_EMPTY(&desk->open)) {
        struct open_question *open = TAILQ_FIRST(&desk->open);

        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the list when it is freed */
        finder_cancel(open->search);
        drop(open);
    }
    finder_destroy(desk->finder);
    free(desk);
}

static struct found *place_of(struct inner_desk *desk, const struct inner_process *inner)
{
    uint64_t hash = inner->start * 31 + inner->pid_namespace * 7 + (uint64_t)inner->pid;

    return &desk->found[hash * 0x9e3779b97f4a7c15U >> 52];
}

static void on_result(void *context, const struct finder_result *result)
{
    struct open_question *open = context;
    struct inner_desk *desk = open->desk;
    const struct inner_process inner = inner_of(&open->asked.question);

    /* The end of one that is like another proves nothing. */
    if (result->state == PIDSTAT_EXISTS && result->is_only)
        *place_of(desk, &inner) = (struct found){.inner = inner, .pid = result->pid};
    desk->answer(desk->context, &open->asked, result->state, result->is_only ? result->pid : 0);
    drop(open);
}

/* False where its turn has not come. */
static bool answer_at_once(struct inner_desk *desk, const struct inner_question *asked)
{
    const struct inner_process inner = inner_of(&asked->question);
    const struct found *found = place_of(desk, &inner);

    if (found->pid == 0 || found->inner.pid != inner.pid || found->inner.start != inner.start ||
        found->inner.pid_namespace != inner.pid_namespace)
        return false;
    /* Its pid here is known, so that its end is seen as anybody's. */
    desk->answer(desk->context, asked, process_lookup(found->pid, inner.start), found->pid);
    return true;
}

static bool is_asker(const struct watch_route *a, const struct watch_route *b)
{
    return a->asker_len == b->asker_len && memcmp(&a->asker, &b->asker, a->asker_len) == 0;
}

/* Whether it is open already, and whether its asker has room for one more. */
static bool is_open(const struct inner_desk *desk, const struct inner_question *asked,
                    bool *has_room)
{
    const struct inner_process inner = inner_of(&asked->question);
    const struct open_question *open;
    size_t count = 0;

    TAILQ_FOREACH(open, &desk->open, all)
    {
        const struct inner_process other = inner_of(&open->asked.question);

        if (!is_asker(&open->asked.route, &asked->route))
            continue;
        count++;
        if (open->asked.route.question == asked->route.question && other.pid == inner.pid &&
            other.start == inner.start && other.pid_namespace == inner.pid_namespace)
            return true;
    }
    *has_room = count < OPEN_OF_AN_ASKER && desk->open_count < OPEN_MAX;
    return false;
}

static bool look_for(struct inner_desk *desk, const struct inner_question *asked)
{
    const struct inner_process inner = inner_of(&asked->question);
    struct open_question *open;

    if (strlen(asked->question.pid_text) >= sizeof open->pid_text)
        return false;
    open = calloc(1, sizeof *open);
    if (open == NULL)
        return false;
    open->desk = desk;
    open->asked = *asked;
    strncpy(open->pid_text, asked->question.pid_text, sizeof open->pid_text - 1);
    open->asked.question.pid_text = open->pid_text;
    if (asked->question.host != NULL) {
        strncpy(open->host, asked->question.host, sizeof open->host - 1);
        open->asked.question.host = open->host;
    }
    open->search = finder_start(desk->finder, &inner, on_result, open);
    if (open->search == NULL) {
        free(open);
        return false;
    }
    TAILQ_INSERT_TAIL(&desk->open, open, all);
    desk->open_count++;
    return true;
}

void inner_desk_ask(struct inner_desk *desk, const struct inner_question *asked)
{
    bool has_room = false;

    if (answer_at_once(desk, asked) || is_open(desk, asked, &has_room))
        return;
    if (!has_room || !look_for(desk, asked))
        desk->answer(desk->context, asked, PIDSTAT_UNKNOWN, 0);
}
