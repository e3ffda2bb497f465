/* The rounds of an asker's questions: whose turn it is, and what is sent to whom.
 * Must not block, nor take silence for an end. */
#include "rounds.h"

#include <errno.h>

#include "base/clock.h"
#include "here.h"
#include "process/process.h"

enum { RETRY_SEND_US = 1000 };

/* A host that has answered a while ago may be back any moment; it is asked soon, and ever more
 * rarely. */
#define RECENT_US INT64_C(60000000)
#define SOON_US INT64_C(2000000)

/* From one round that nobody has answered to the next. */
static int64_t silent_rest_us(const struct pidstat_asker *asker,
                              const struct asker_question *question)
{
    int64_t most = asker->options.repeat_ms * INT64_C(1000), rest = SOON_US;
    int64_t answered = question->host->answered_us;

    if (answered == 0 || clock_now_us() - answered > RECENT_US)
        return most;
    for (unsigned i = 1; i < question->silent_rounds && rest < most; i++)
        rest *= 2;
    return rest < most ? rest : most;
}

/* A socket keeps the address of this host's that it was opened with, which may be gone by now. */
static void forget_links(struct pidstat_asker *asker, const struct asker_question *question)
{
    const struct resolver_result *asked = &question->host->addresses;

    if (question->refused || question->host->answered_us >= question->round_us)
        return;
    for (int i = 0; i < asked->count; i++)
        pidstat_links_forget(&asker->links, &asked->addresses[i].any, asker->options.port);
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
    forget_links(asker, question);
    if (states_tell(asker, question, &result)) {
        int64_t due = question->round_us + silent_rest_us(asker, question);

        states_wait_until(asker, question, QUESTION_RESTING, due > now ? due : now);
    }
}

/* The one that it is asked for has come from, or the one that answered last. */
static unsigned first_address(const struct asker_question *question)
{
    int of_peer = host_cache_address_of(question->host, question->peer);

    return (unsigned)(of_peer >= 0 ? of_peer : question->host->best);
}

/* Tries the host's addresses in turn.  False: try again later. */
static bool send_datagram(struct pidstat_asker *asker, struct asker_question *question)
{
    const struct resolver_result *to = &question->host->addresses;
    char text[PIDSTAT_WIRE_MAX];
    size_t len = question_format(question, question->host->may_be_classic, text);
    unsigned first =
        first_address(question) + question->tries - question->tries_left + question->silent_rounds;

    if (asker->options.trace != NULL)
        asker->options.trace(asker->options.trace_context, "asks", question->host->name, text);
    for (int i = 0; i < to->count; i++) {
        if (pidstat_links_send(&asker->links,
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
        states_enqueue(asker, question);
        return;
    }
    if (asker->next_send_us < now - asker->options.batch_ms * INT64_C(1000))
        asker->next_send_us = now - asker->options.batch_ms * INT64_C(1000);
    asker->next_send_us += 1000000 / asker->options.rate;
    if (question->round_us == 0)
        question->round_us = now;
    question->sent_us = now;
    question->tries_left--;
    turns_count(&asker->turns, question->line, now);
    states_await_answer(asker, question, now + asker->options.try_ms * INT64_C(1000));
}

static bool is_of_this_namespace(const struct asker_question *question)
{
    return question->known.pid_namespace == 0 ||
           question->known.pid_namespace == process_pid_namespace();
}

/* Slow names of a few clients must not keep all who look up busy: once half of them are, nobody
 * gets a second one.  Who may not has one under way, whose end is when it is asked again. */
static bool may_look_up(const struct pidstat_asker *asker, const struct turn_client *client)
{
    if (asker->options.max_look_ups == 0 || client->look_ups == 0)
        return true;
    return client->look_ups < asker->options.max_look_ups && asker->look_ups < RESOLVER_AT_ONCE / 2;
}

/* Lets go on what waits for another name of its client's, as long as the bound allows it. */
static void admit_next(struct pidstat_asker *asker, struct turn_client *client)
{
    struct asker_question *next = states_first_of(&client->unresolved);

    if (next != NULL && may_look_up(asker, client))
        states_enqueue(asker, next);
}

/* Begins to look its host's name up, or waits until its client may. */
static bool look_up(struct pidstat_asker *asker, struct asker_question *question)
{
    struct turn_client *client = question->line->client;

    if (!may_look_up(asker, client)) {
        states_wait_in(asker, question, &client->unresolved);
        return false;
    }
    if (host_cache_look_up(asker->hosts, question->host) == 0) {
        question->host->looked_up_for = client;
        client->look_ups++;
        asker->look_ups++;
        turns_hold_client(client);
    }
    return true;
}

static void tell_name(struct pidstat_asker *asker, struct asker_question *question)
{
    struct pidstat_result result = {.state = PIDSTAT_UNKNOWN};

    if (question->host->state == HOST_FAILED)
        result.resolve_error = question->host->addresses.error;
    states_tell(asker, question, &result);
}

/* It is this question's turn. */
static void take_turn(struct pidstat_asker *asker, struct asker_question *question)
{
    struct cached_host *host = question->host;

    if (host->local && !(question->flags & ASK_BY_NETWORK) && is_of_this_namespace(question)) {
        here_answer(asker, question);
        return;
    }
    if (question->round_us == 0 && host_cache_needs_look_up(host, clock_now_us()) &&
        !look_up(asker, question))
        return;
    if (host->state == HOST_RESOLVING)
        states_wait_in(asker, question, &host->waiting);
    else if (question->flags & ASK_NAME)
        tell_name(asker, question);
    else if (host->state == HOST_FAILED)
        end_silent_round(asker, question);
    else
        send_question(asker, question);
}

static struct asker_question *next_in_line(const struct pidstat_asker *asker)
{
    struct queue_entry *next = turns_next(&asker->turns);

    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a question leaves its queue before it is freed */
    return next != NULL ? tree_entry(next, struct asker_question, in_queue) : NULL;
}

/* When the next of those who do not rest has its turn. */
static int64_t next_send(const struct pidstat_asker *asker)
{
    if (next_in_line(asker) == NULL)
        return INT64_MAX;
    if (asker->turns.urgent > 0)
        return asker->next_send_us;
    return asker->next_send_us + asker->options.batch_ms * INT64_C(1000);
}

int64_t rounds_next_turn(const struct pidstat_asker *asker)
{
    int64_t next = next_send(asker), rested = turns_rested_us(&asker->turns);

    return next < rested ? next : rested;
}

void rounds_take_turns(struct pidstat_asker *asker)
{
    struct asker_question *question;

    turns_wake(&asker->turns, clock_now_us());
    if (next_send(asker) > clock_now_us())
        return;
    while ((question = next_in_line(asker)) != NULL && asker->next_send_us <= clock_now_us()) {
        struct turn_client *client = question->line->client;

        /* The question may have been its last one. */
        turns_hold_client(client);
        turns_take(&asker->turns);
        question->queue = NULL;
        take_turn(asker, question);
        admit_next(asker, client);
        turns_put_client(&asker->turns, client);
    }
}

void rounds_take_resolved(struct pidstat_asker *asker)
{
    struct cached_host *host;

    while ((host = host_cache_next_resolved(asker->hosts, clock_now_us())) != NULL) {
        struct turn_client *client = host->looked_up_for;
        struct asker_question *question;

        while ((question = states_first_of(&host->waiting)) != NULL)
            states_enqueue(asker, question);
        client->look_ups--;
        asker->look_ups--;
        admit_next(asker, client);
        turns_put_client(&asker->turns, client);
    }
}

void rounds_take_deadline(struct pidstat_asker *asker, struct asker_question *question)
{
    if (question->state == QUESTION_LOCAL_POLL)
        here_answer(asker, question);
    else if (question->state == QUESTION_RESTING)
        states_begin(asker, question);
    else if (question->tries_left > 0)
        states_enqueue(asker, question);
    else
        end_silent_round(asker, question);
}
