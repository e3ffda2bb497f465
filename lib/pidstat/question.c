/* Questions apart from when they are asked: their datagrams, what replies mean to them.
 * Must not send, receive or call back. */
#include "question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "udp.h"

enum { BUCKETS = 4096, TRIES_DEFAULT = 5 };

LIST_HEAD(question_bucket, asker_question);

/* A process may be asked about many times, and only a reply of a classic daemon speaks of all. */
struct question_table {
    struct question_bucket ids[BUCKETS];
    struct question_bucket processes[BUCKETS];
    struct siphash_key key;
    struct asker_question *next; /* behind the last that was found for its process */
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
    return question;
}

size_t question_format(const struct asker_question *question, char *out)
{
    struct pidstat_question datagram = {
        .host = question->host->name,
        .pid = question->pid,
        .which = question->which,
        .words = question->known,
    };
    unsigned *present = &datagram.words.present;

    if (!(*present & WORD_START))
        *present |= WORD_START_ASKED;
    if (!(*present & WORD_BOOT))
        *present |= WORD_BOOT_ASKED;
    if ((question->flags & ASK_STANDING) && !(*present & WORD_WATCH))
        *present |= WORD_WATCH_ASKED;
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

enum pidstat_state question_judge(struct asker_question *question,
                                  const struct pidstat_reply *reply)
{
    const struct pidstat_words *known = &question->known, *told = &reply->words;

    if (reply->state != PIDSTAT_EXISTS)
        return reply->state;
    /* Asked for a start, a daemon that has compared it repeats it. */
    if ((known->present & WORD_START) &&
        (!(told->present & WORD_START) || told->start != known->start))
        return PIDSTAT_UNKNOWN;
    if (question->flags & ASK_STANDING)
        keep_identity(question, told);
    return PIDSTAT_EXISTS;
}

struct question_table *question_table_create(void)
{
    struct question_table *table = calloc(1, sizeof *table);

    if (table != NULL)
        siphash_key_init(&table->key);
    return table;
}

void question_table_destroy(struct question_table *table)
{
    free(table);
}

static struct question_bucket *id_bucket(struct question_table *table, uint64_t id)
{
    return &table->ids[id % BUCKETS];
}

/* Pids are hashed too, as a client may choose them. */
static struct question_bucket *process_bucket(struct question_table *table, pid_t pid,
                                              const char *host)
{
    const uint64_t of_both[] = {siphash(&table->key, host, strlen(host)), (uint64_t)pid};

    return &table->processes[siphash(&table->key, of_both, sizeof of_both) % BUCKETS];
}

void question_table_add(struct question_table *table, struct asker_question *question)
{
    LIST_INSERT_HEAD(id_bucket(table, question->known.id), question, by_id);
    LIST_INSERT_HEAD(process_bucket(table, question->pid, question->host->name), question,
                     by_process);
}

void question_table_remove(struct question_table *table, struct asker_question *question)
{
    if (table->next == question)
        table->next = LIST_NEXT(question, by_process);
    LIST_REMOVE(question, by_id);
    LIST_REMOVE(question, by_process);
}

struct asker_question *question_table_any(struct question_table *table)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        if (!LIST_EMPTY(&table->ids[i]))
            return LIST_FIRST(&table->ids[i]);
    }
    return NULL;
}

static bool came_from(const struct cached_host *host, const struct reply_source *from)
{
    for (int i = 0; i < host->addresses.count; i++) {
        if (pidstat_udp_is_from(from->address, &host->addresses.addresses[i], from->port))
            return true;
    }
    return false;
}

static bool is_about(const struct asker_question *question, const struct pidstat_reply *reply)
{
    return question->pid == reply->pid && strcmp(question->host->name, reply->host) == 0;
}

static struct asker_question *find_id(struct question_table *table,
                                      const struct pidstat_reply *reply)
{
    struct asker_question *question;

    LIST_FOREACH(question, id_bucket(table, reply->words.id), by_id)
    {
        if (question->known.id == reply->words.id && is_about(question, reply))
            break;
    }
    return question;
}

struct asker_question *question_table_first(struct question_table *table,
                                            const struct pidstat_reply *reply,
                                            const struct reply_source *from)
{
    table->next = NULL;
    if (reply->words.present & WORD_ID)
        return find_id(table, reply);
    table->next = LIST_FIRST(process_bucket(table, reply->pid, reply->host));
    return question_table_next(table, reply, from);
}

struct asker_question *question_table_next(struct question_table *table,
                                           const struct pidstat_reply *reply,
                                           const struct reply_source *from)
{
    struct asker_question *question;

    for (question = table->next; question != NULL; question = LIST_NEXT(question, by_process)) {
        if (is_about(question, reply) && came_from(question->host, from))
            break;
    }
    table->next = question != NULL ? LIST_NEXT(question, by_process) : NULL;
    return question;
}
