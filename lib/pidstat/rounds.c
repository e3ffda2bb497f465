/* The rounds of an asker's questions: asking, waiting, resting, on this host and on others.
 * Must not block, nor take silence for an end. */
#include "rounds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "process/process.h"

enum {
    LOCAL_POLL_MS = 50,
    /* A host that has been silent this long gets one datagram a round, not all tries. */
    SILENT_ROUNDS = 3,
    RECEIVE_A_TURN = 256,
    RETRY_SEND_US = 1000,
    /* A daemon that is just being started again is back soon. */
    REFUSED_PAUSE_MS = 100,
};

static int compare_deadlines(const struct tree_node *left, const struct tree_node *right)
{
    const struct asker_question *a = tree_entry(left, struct asker_question, by_due);
    const struct asker_question *b = tree_entry(right, struct asker_question, by_due);

    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

void rounds_init(struct pidstat_asker *asker)
{
    TAILQ_INIT(&asker->urgent);
    TAILQ_INIT(&asker->ordinary);
    asker->deadlines.compare = compare_deadlines;
}

struct asker_question *rounds_first_due(const struct pidstat_asker *asker)
{
    struct tree_node *first = tree_first(&asker->deadlines);

    return first != NULL ? tree_entry(first, struct asker_question, by_due) : NULL;
}

static struct asker_question *first_of(const struct queue *queue)
{
    struct queue_entry *first = TAILQ_FIRST(queue);

    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a question leaves its queue before it is freed */
    return first != NULL ? tree_entry(first, struct asker_question, in_queue) : NULL;
}

/* Takes a question out of whatever it waits in. */
static void leave_state(struct pidstat_asker *asker, struct asker_question *question)
{
    if (question->queue != NULL)
        TAILQ_REMOVE(question->queue, &question->in_queue, in_queue);
    question->queue = NULL;
    if (question->due_us != 0)
        tree_remove(&asker->deadlines, &question->by_due);
    question->due_us = 0;
}

static void wait_in(struct pidstat_asker *asker, struct asker_question *question,
                    struct queue *queue)
{
    leave_state(asker, question);
    question->state = QUESTION_QUEUED;
    question->queue = queue;
    TAILQ_INSERT_TAIL(queue, &question->in_queue, in_queue);
}

void rounds_enqueue(struct pidstat_asker *asker, struct asker_question *question)
{
    wait_in(asker, question, question->flags & ASK_URGENT ? &asker->urgent : &asker->ordinary);
}

static void wait_until(struct pidstat_asker *asker, struct asker_question *question,
                       enum question_state state, int64_t due_us)
{
    leave_state(asker, question);
    question->state = (unsigned char)state;
    question->due_us = due_us;
    tree_insert(&asker->deadlines, &question->by_due);
}

void rounds_begin(struct pidstat_asker *asker, struct asker_question *question)
{
    question->round_us = 0;
    question->refused = false;
    question->tries_left = question->silent_rounds < SILENT_ROUNDS ? question->tries : 1;
    rounds_enqueue(asker, question);
}

static void close_pidfd(struct asker_question *question)
{
    descriptor_close(question->fd);
    question->fd = -1;
}

void rounds_drop(struct pidstat_asker *asker, struct asker_question *question)
{
    leave_state(asker, question);
    question_table_remove(asker->table, question);
    host_cache_put(asker->hosts, question->host);
    close_pidfd(question);
    free(question);
    asker->pending--;
}

/* Calls back.  Returns false when the question is no more. */
static bool tell(struct pidstat_asker *asker, struct asker_question *question,
                 struct pidstat_result *result)
{
    bool last = !(question->flags & ASK_STANDING) || result->state == PIDSTAT_GONE;

    result->host = question->host->name;
    result->pid = question->pid;
    result->since_us = question->round_us;
    leave_state(asker, question);
    question->calling = true;
    question->function(question->context, result);
    question->calling = false;
    if (!last && !question->cancelled)
        return true;
    rounds_drop(asker, question);
    return false;
}

/* With a start that /proc hides, the end of whatever has the pid now still proves the end. */
static enum pidstat_state open_local(struct asker_question *question)
{
    question->fd = process_open(question->pid, question->known.start);
    if (question->fd < 0 && errno == EPERM) {
        question->fd = process_open(question->pid, 0);
        return question->fd >= 0 ? PIDSTAT_UNKNOWN : process_lookup(question->pid, 0);
    }
    if (question->fd >= 0)
        return PIDSTAT_EXISTS;
    return process_lookup(question->pid, question->known.start);
}

static bool is_other_boot(const struct asker_question *question)
{
    return (question->known.present & WORD_BOOT) && strlen(process_boot_id()) > 1 &&
           strcmp(question->known.boot, process_boot_id()) != 0;
}

static enum pidstat_state look_here(struct asker_question *question)
{
    if (is_other_boot(question))
        return PIDSTAT_GONE;
    if (!(question->flags & ASK_STANDING) || question->state == QUESTION_LOCAL_POLL)
        return process_lookup(question->pid, question->known.start);
    if (question->known.start == 0)
        question->known.start = process_start_time(question->pid);
    return open_local(question);
}

static void watch_here(struct pidstat_asker *asker, struct asker_question *question)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = question};

    if (question->fd >= 0 && epoll_ctl(asker->epoll_fd, EPOLL_CTL_ADD, question->fd, &event) == 0) {
        question->state = QUESTION_LOCAL;
        return;
    }
    close_pidfd(question);
    wait_until(asker, question, QUESTION_LOCAL_POLL,
               clock_now_us() + LOCAL_POLL_MS * INT64_C(1000));
}

static void answer_here(struct pidstat_asker *asker, struct asker_question *question)
{
    enum pidstat_state state = look_here(question);
    struct pidstat_result result = {
        .answered = pidstat_wire_is_wanted(question->which, state),
        .state = PIDSTAT_UNKNOWN,
        .boot = process_boot_id(),
    };

    if (result.answered)
        result.state = state;
    result.start = question->known.start;
    if (result.start == 0 && state == PIDSTAT_EXISTS)
        result.start = process_start_time(question->pid);
    if (tell(asker, question, &result))
        watch_here(asker, question);
}

void rounds_end_here(struct pidstat_asker *asker, struct asker_question *question)
{
    struct pidstat_result result = {.answered = true,
                                    .state = PIDSTAT_GONE,
                                    .start = question->known.start,
                                    .boot = process_boot_id()};

    tell(asker, question, &result);
}

static void end_silent_round(struct pidstat_asker *asker, struct asker_question *question)
{
    struct pidstat_result result = {.state = PIDSTAT_UNKNOWN, .refused = question->refused};
    int64_t now = clock_now_us();

    if (question->round_us == 0)
        question->round_us = now;
    if (question->host->state == HOST_FAILED)
        result.resolve_error = question->host->addresses.error;
    question->silent_rounds++;
    host_cache_doubt(question->host);
    if (tell(asker, question, &result)) {
        int64_t due = question->round_us + asker->options.repeat_ms * INT64_C(1000);

        wait_until(asker, question, QUESTION_RESTING, due > now ? due : now);
    }
}

/* Tries the host's addresses in turn, from the one that answered last.  False: try again later. */
static bool send_datagram(struct pidstat_asker *asker, struct asker_question *question)
{
    const struct resolver_result *to = &question->host->addresses;
    char text[PIDSTAT_WIRE_MAX];
    size_t len = question_format(question, text);
    unsigned first = (unsigned)question->host->best + question->tries - question->tries_left +
                     question->silent_rounds;

    if (asker->options.trace != NULL)
        asker->options.trace(asker->options.trace_context, "asks", question->host->name, text);
    for (int i = 0; i < to->count; i++) {
        if (pidstat_udp_send(&asker->udp,
                             &to->addresses[(first + (unsigned)i) % (unsigned)to->count].any,
                             asker->options.port, text, len) == 0)
            return true;
        if (errno == EAGAIN || errno == ENOBUFS)
            return false;
    }
    /* No address can be reached just now: as good as a lost datagram. */
    return true;
}

static void send_question(struct pidstat_asker *asker, struct asker_question *question)
{
    int64_t now = clock_now_us();

    if (!send_datagram(asker, question)) {
        asker->next_send_us = now + RETRY_SEND_US;
        return;
    }
    if (asker->next_send_us < now - asker->options.batch_ms * INT64_C(1000))
        asker->next_send_us = now - asker->options.batch_ms * INT64_C(1000);
    asker->next_send_us += 1000000 / asker->options.rate;
    if (question->round_us == 0)
        question->round_us = now;
    question->sent_us = now;
    question->tries_left--;
    wait_until(asker, question, QUESTION_SENT, now + asker->options.try_ms * INT64_C(1000));
}

static bool is_of_this_namespace(const struct asker_question *question)
{
    return question->known.pid_namespace == 0 ||
           question->known.pid_namespace == process_pid_namespace();
}

/* It is this question's turn. */
static void take_turn(struct pidstat_asker *asker, struct asker_question *question)
{
    struct cached_host *host = question->host;

    if (host->local && !(question->flags & ASK_BY_NETWORK) && is_of_this_namespace(question)) {
        answer_here(asker, question);
        return;
    }
    if (question->round_us == 0)
        host_cache_refresh(asker->hosts, host, clock_now_us());
    if (host->state == HOST_RESOLVING)
        wait_in(asker, question, &host->waiting);
    else if (host->state == HOST_FAILED)
        end_silent_round(asker, question);
    else
        send_question(asker, question);
}

struct asker_question *rounds_next_in_line(const struct pidstat_asker *asker)
{
    struct asker_question *question = first_of(&asker->urgent);

    return question != NULL ? question : first_of(&asker->ordinary);
}

int64_t rounds_next_turn(const struct pidstat_asker *asker)
{
    if (!TAILQ_EMPTY(&asker->urgent))
        return asker->next_send_us;
    return asker->next_send_us + asker->options.batch_ms * INT64_C(1000);
}

void rounds_take_turns(struct pidstat_asker *asker)
{
    struct asker_question *question;

    if (rounds_next_turn(asker) > clock_now_us())
        return;
    while ((question = rounds_next_in_line(asker)) != NULL && asker->next_send_us <= clock_now_us())
        take_turn(asker, question);
}

/* A daemon that has given us a new proof waits for it before it watches: show it at once, but not
 * more than once a round, whatever the daemon does. */
static bool must_arm(struct pidstat_asker *asker, struct asker_question *question,
                     const struct pidstat_words *told)
{
    int64_t now = clock_now_us();

    if (!(question->flags & ASK_STANDING) || !(told->present & WORD_WATCH) ||
        ((question->known.present & WORD_WATCH) && question->known.watch == told->watch))
        return false;
    question->known.present |= WORD_WATCH;
    question->known.watch = told->watch;
    if (question->armed_us != 0 &&
        now - question->armed_us < asker->options.repeat_ms * INT64_C(1000))
        return false;
    question->armed_us = now;
    return true;
}

static void rest(struct pidstat_asker *asker, struct asker_question *question, bool arm)
{
    int64_t due = question->round_us + asker->options.repeat_ms * INT64_C(1000);

    if (arm)
        rounds_begin(asker, question);
    else
        wait_until(asker, question, QUESTION_RESTING, due);
}

static void take_reply(struct pidstat_asker *asker, struct asker_question *question,
                       const struct pidstat_reply *reply, const struct sockaddr_storage *from)
{
    struct pidstat_result result = {.answered = true};
    struct cached_host *host = question->host;
    bool arm;

    /* It cannot answer what was not asked yet: a classic daemon's answer to an earlier question. */
    if (question->sent_us == 0)
        return;
    result.state = question_judge(question, reply, &result.foreign);
    if (result.foreign && !pidstat_wire_is_wanted(question->which, result.state))
        return;
    /* A late repetition; only an end is news at any time. */
    if (result.state != PIDSTAT_GONE &&
        (question->state == QUESTION_RESTING || question->round_us == 0))
        return;
    for (int i = 0; i < host->addresses.count; i++) {
        if (pidstat_udp_is_from(from, &host->addresses.addresses[i].any, asker->options.port))
            host->best = i;
    }
    question->silent_rounds = 0;
    result.start = reply->words.present & WORD_START ? reply->words.start : 0;
    result.boot = reply->words.present & WORD_BOOT ? reply->words.boot : NULL;
    result.pid_namespace = reply->words.pid_namespace;
    result.rtt_us = (unsigned)(clock_now_us() - question->sent_us);
    arm = !result.foreign && must_arm(asker, question, &reply->words);
    if (tell(asker, question, &result))
        rest(asker, question, arm);
}

/* The host says that nothing listens there: worth a word, and no reason to wait for long. */
static void take_refusals(struct pidstat_asker *asker)
{
    char text[PIDSTAT_WIRE_MAX + 1];
    ssize_t len;

    for (int i = 0; i < RECEIVE_A_TURN; i++) {
        struct asker_question *question;
        int64_t due;

        len = pidstat_udp_receive_refusal(&asker->udp, text, PIDSTAT_WIRE_MAX);
        if (len < 0)
            return;
        question = question_table_asked(asker->table, text, (size_t)len);
        if (question == NULL || question->state != QUESTION_SENT)
            continue;
        question->refused = true;
        due = clock_now_us() + REFUSED_PAUSE_MS * INT64_C(1000);
        if (due < question->due_us)
            wait_until(asker, question, QUESTION_SENT, due);
    }
}

void rounds_receive(struct pidstat_asker *asker)
{
    char text[PIDSTAT_WIRE_MAX + 1];
    struct sockaddr_storage from;
    const struct reply_source source = {&from, asker->options.port};
    struct pidstat_reply reply;
    ssize_t len;

    take_refusals(asker);
    for (int i = 0; i < RECEIVE_A_TURN; i++) {
        struct asker_question *question;

        len = pidstat_udp_receive(&asker->udp, text, PIDSTAT_WIRE_MAX, &from);
        if (len < 0)
            return;
        text[len] = '\0';
        if (asker->options.trace != NULL)
            asker->options.trace(asker->options.trace_context, "hears", "", text);
        if (pidstat_wire_parse_reply(text, (size_t)len, &reply) != 0)
            continue;
        for (question = question_table_first(asker->table, &reply, &source); question != NULL;
             question = question_table_next(asker->table, &reply, &source))
            take_reply(asker, question, &reply, &from);
    }
}

void rounds_take_resolved(struct pidstat_asker *asker)
{
    struct cached_host *host;

    while ((host = host_cache_next_resolved(asker->hosts, clock_now_us())) != NULL) {
        struct asker_question *question;

        while ((question = first_of(&host->waiting)) != NULL)
            rounds_enqueue(asker, question);
    }
}

void rounds_take_deadline(struct pidstat_asker *asker, struct asker_question *question)
{
    if (question->state == QUESTION_LOCAL_POLL)
        answer_here(asker, question);
    else if (question->state == QUESTION_RESTING)
        rounds_begin(asker, question);
    else if (question->tries_left > 0)
        rounds_enqueue(asker, question);
    else
        end_silent_round(asker, question);
}
