/* Questions apart from when they are asked: their datagrams, what replies mean to them.
 * Must not send, receive or call back. */
#include "question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "process/process.h"

enum { TRIES_DEFAULT = 5 };

struct question_table {
    struct tree ids;
    uint64_t added; /* so many questions */
};

static bool is_host_word(const char *host)
{
    size_t len = strlen(host);

    if (len == 0 || len > PIDSTAT_WIRE_HOST_MAX)
        return false;
    for (; *host != '\0'; host++) {
        if (*host < 0x21 || *host > 0x7e)
            return false;
    }
    return true;
}

struct asker_question *question_create(const struct pidstat_target *target,
                                       pidstat_asker_fn *function, void *context)
{
    struct asker_question *question;
    unsigned which = target->which != 0 ? target->which : PIDSTAT_RETURN_ALL;

    if (target->pid <= 0 || (which & PIDSTAT_RETURN_ALL) == 0 ||
        (target->host != NULL && !is_host_word(target->host)) ||
        (target->boot != NULL && strlen(target->boot) != sizeof question->known.boot - 1)) {
        errno = EINVAL;
        return NULL;
    }
    question = calloc(1, sizeof *question);
    if (question == NULL)
        return NULL;
    question->pid = target->pid;
    question->which = (unsigned char)(which & PIDSTAT_RETURN_ALL);
    question->flags = (unsigned char)target->flags;
    question->tries = target->tries > 0 ? target->tries : TRIES_DEFAULT;
    question->function = function;
    question->context = context;
    question->fd = -1;
    if (target->peer != NULL)
        memcpy(question->peer, target->peer, IP_BYTES);
    question->known.present = WORD_ID;
    question->known.id = random_u64();
    if (target->start != 0) {
        question->known.present |= WORD_START;
        question->known.start = target->start;
    }
    if (target->boot != NULL) {
        question->known.present |= WORD_BOOT;
        memcpy(question->known.boot, target->boot, sizeof question->known.boot);
    }
    question->known.pid_namespace = target->pid_namespace;
    return question;
}

/* A daemon outside can find a process in a container, if it knows enough of it. */
static bool names_namespace(const struct asker_question *question)
{
    const unsigned needed = WORD_START | WORD_BOOT;

    return process_namespace_is_container(question->known.pid_namespace) &&
           (question->known.present & needed) == needed && !(question->flags & ASK_ANY_NAMESPACE);
}

size_t question_format(const struct asker_question *question, bool id_in_host, char *out)
{
    struct pidstat_question datagram = {
        .host = question->host->name,
        .pid = question->pid,
        .which = question->which,
        .id_in_host = id_in_host,
        .words = question->known,
    };
    unsigned *present = &datagram.words.present;

    if (!(*present & WORD_START))
        *present |= WORD_START_ASKED;
    if (!(*present & WORD_BOOT))
        *present |= WORD_BOOT_ASKED;
    if ((question->flags & ASK_STANDING) && !(*present & WORD_WATCH))
        *present |= WORD_WATCH_ASKED;
    *present |= names_namespace(question) ? WORD_NAMESPACE : WORD_NAMESPACE_ASKED;
    return pidstat_wire_format_question(out, &datagram);
}

static void keep_identity(struct asker_question *question, const struct pidstat_words *told)
{
    struct pidstat_words *known = &question->known;

    if (!(known->present & WORD_START) && (told->present & WORD_START)) {
        known->present |= WORD_START;
        known->start = told->start;
    }
    if (!(known->present & WORD_BOOT) && (told->present & WORD_BOOT)) {
        known->present |= WORD_BOOT;
        memcpy(known->boot, told->boot, sizeof known->boot);
    }
}

static bool is_this_namespace(const struct pidstat_words *told)
{
    return told->pid_namespace == process_pid_namespace() && (told->present & WORD_BOOT) &&
           strcmp(told->boot, process_boot_id()) == 0;
}

/* Asked for a start, a daemon that has compared it repeats it. */
static bool has_same_start(const struct asker_question *question, const struct pidstat_words *told)
{
    return (told->present & WORD_START) && told->start == question->known.start;
}

/* Whether a daemon's pids are other processes' than ours. */
static bool is_foreign(const struct asker_question *question, const struct pidstat_words *told)
{
    uint64_t wanted = question->known.pid_namespace;

    if ((question->flags & ASK_ANY_NAMESPACE) || question->vouched)
        return false;
    if (!(told->present & WORD_NAMESPACE)) /* an older daemon */
        return process_namespace_is_container(wanted);
    if (wanted != 0)
        return told->pid_namespace != wanted;
    return process_namespace_is_container(told->pid_namespace) && !is_this_namespace(told);
}

enum pidstat_state question_judge(struct asker_question *question,
                                  const struct pidstat_reply *reply, bool *foreign)
{
    const struct pidstat_words *known = &question->known, *told = &reply->words;

    if (reply->state == PIDSTAT_EXISTS && (known->present & WORD_START) &&
        has_same_start(question, told))
        question->vouched = true;
    *foreign = is_foreign(question, told);
    if (*foreign)
        return PIDSTAT_UNKNOWN;
    if (reply->state != PIDSTAT_EXISTS)
        return reply->state;
    if ((known->present & WORD_START) && !has_same_start(question, told))
        return PIDSTAT_UNKNOWN;
    if (question->flags & ASK_STANDING)
        keep_identity(question, told);
    return PIDSTAT_EXISTS;
}

/* Of questions that are alike otherwise the newest comes first. */
static int compare_numbers(const struct asker_question *a, const struct asker_question *b)
{
    return (a->number < b->number) - (a->number > b->number);
}

static int compare_ids(const struct tree_node *left, const struct tree_node *right)
{
    const struct asker_question *a = tree_entry(left, struct asker_question, by_id);
    const struct asker_question *b = tree_entry(right, struct asker_question, by_id);

    if (a->known.id != b->known.id)
        return a->known.id < b->known.id ? -1 : 1;
    return compare_numbers(a, b);
}

struct question_table *question_table_create(void)
{
    struct question_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->ids.compare = compare_ids;
    return table;
}

void question_table_destroy(struct question_table *table)
{
    free(table);
}

void question_table_add(struct question_table *table, struct asker_question *question)
{
    question->number = ++table->added;
    tree_insert(&table->ids, &question->by_id);
}

void question_table_remove(struct question_table *table, struct asker_question *question)
{
    tree_remove(&table->ids, &question->by_id);
}

void question_table_renew_id(struct question_table *table, struct asker_question *question)
{
    tree_remove(&table->ids, &question->by_id);
    question->known.id = random_u64();
    tree_insert(&table->ids, &question->by_id);
}

static struct asker_question *of_node(struct tree_node *node)
{
    return node != NULL ? tree_entry(node, struct asker_question, by_id) : NULL;
}

struct asker_question *question_table_any(struct question_table *table)
{
    return of_node(tree_first(&table->ids));
}

static bool is_about(const struct asker_question *question, const struct pidstat_reply *reply)
{
    if (question->pid != reply->pid)
        return false;
    return ((reply->words.present & WORD_ID) && strcmp(question->host->name, reply->host) == 0) ||
           pidstat_wire_is_host_with_id(reply->host, question->host->name, question->known.id);
}

struct asker_question *question_table_find(struct question_table *table,
                                           const struct pidstat_reply *reply)
{
    struct asker_question probe = {.known.id = reply->words.id, .number = UINT64_MAX};

    if (!(reply->words.present & WORD_ID) && !pidstat_wire_id_of_host(reply->host, &probe.known.id))
        return NULL;
    for (struct tree_node *node = tree_at_least(&table->ids, &probe.by_id); node != NULL;
         node = tree_next(&table->ids, node)) {
        struct asker_question *question = of_node(node);

        if (question->known.id != probe.known.id)
            break;
        if (is_about(question, reply))
            return question;
    }
    return NULL;
}

struct asker_question *question_table_asked(struct question_table *table, char *text, size_t len)
{
    struct pidstat_question asked;
    struct pidstat_reply probe = {0};

    if (pidstat_wire_parse_question(text, len, &asked) != 0 || asked.host == NULL ||
        !(asked.words.present & WORD_ID))
        return NULL;
    probe.pid = asked.pid;
    probe.host = asked.host;
    probe.words = asked.words;
    return question_table_find(table, &probe);
}
