/* Which answers are believed, and what becomes of their questions.
 * Must not believe what does not repeat the id of a question of ours. */
#include "replies.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "udp.h"

enum {
    RECEIVE_A_TURN = 256,
    /* A daemon that is just being started again is back soon. */
    REFUSED_PAUSE_MS = 100,
};

/* Between the two questions that a classic daemon has to be asked before its "gone" counts: it
 * knows a pid only, and its words are as easy to say for whoever has its port for a moment. */
#define CLASSIC_PAUSE_US 1000000
#define UNPROVEN_PAUSE_US 60000000

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
        states_begin(asker, question);
    else
        states_wait_until(asker, question, QUESTION_RESTING, due);
}

/* Tells of what looks like an answer and is not believed, at most once a minute. */
static void tell_unproven(struct pidstat_asker *asker, const char *who)
{
    int64_t now = clock_now_us();
    unsigned count = ++asker->unproven;

    if (asker->options.unproven == NULL ||
        (asker->unproven_told_us != 0 && now - asker->unproven_told_us < UNPROVEN_PAUSE_US))
        return;
    asker->unproven = 0;
    asker->unproven_told_us = now;
    asker->options.unproven(asker->options.unproven_context, who, count);
}

/* The end of a process, of which a classic daemon has just spoken: true when it had said so before.
 */
static bool is_confirmed(struct pidstat_asker *asker, struct asker_question *question)
{
    if (question->classic_end_us != 0 &&
        question->sent_us - question->classic_end_us >= CLASSIC_PAUSE_US)
        return true;
    if (question->classic_end_us == 0)
        question->classic_end_us = question->sent_us;
    question_table_renew_id(asker->table, question);
    states_wait_until(asker, question, QUESTION_RESTING,
                      question->classic_end_us + CLASSIC_PAUSE_US);
    return false;
}

/* What an answer of a daemon that knows no id= is good for.  False: for nothing, as yet. */
static bool take_classic(struct pidstat_asker *asker, struct asker_question *question,
                         struct pidstat_result *result)
{
    if (host_cache_is_proven(asker->hosts, question->host, clock_now_us())) {
        tell_unproven(asker, question->host->name);
        return false;
    }
    if (asker->options.no_classic) {
        result->classic = true;
        result->state = PIDSTAT_UNKNOWN;
        return pidstat_wire_is_wanted(question->which, result->state);
    }
    if (result->state == PIDSTAT_GONE)
        return is_confirmed(asker, question);
    question->classic_end_us = 0;
    return true;
}

/* Which address of the host's a link goes to; below 0 for none of them. */
static int address_of(const struct cached_host *host, const struct pidstat_link *link)
{
    return host_cache_address_of(host, link->address.sin6_addr.s6_addr);
}

static void note_answer(struct pidstat_asker *asker, struct cached_host *host,
                        const struct pidstat_link *link, bool is_classic)
{
    int address = address_of(host, link);

    host->answered_us = clock_now_us();
    if (address >= 0)
        host->best = address; /* asked first from now on */
    if (is_classic)
        return;
    host_cache_prove(asker->hosts, host, &link->address, host->answered_us);
    host->may_be_classic = false;
}

static void take_reply(struct pidstat_asker *asker, struct asker_question *question,
                       const struct pidstat_reply *reply, const struct pidstat_link *link)
{
    struct pidstat_result result = {.answered = true};
    bool is_classic = !(reply->words.present & WORD_ID), arm;

    result.state = question_judge(question, reply, &result.foreign);
    if (result.foreign && !pidstat_wire_is_wanted(question->which, result.state))
        return;
    /* A late repetition; only an end is news at any time. */
    if (result.state != PIDSTAT_GONE &&
        (question->state == QUESTION_RESTING || question->round_us == 0))
        return;
    if (is_classic && !take_classic(asker, question, &result))
        return;
    note_answer(asker, question->host, link, is_classic);
    question->silent_rounds = 0;
    result.start = reply->words.present & WORD_START ? reply->words.start : 0;
    result.boot = reply->words.present & WORD_BOOT ? reply->words.boot : NULL;
    result.pid_namespace = reply->words.pid_namespace;
    result.rtt_us = (unsigned)(clock_now_us() - question->sent_us);
    arm = !result.foreign && !is_classic && must_arm(asker, question, &reply->words);
    if (states_tell(asker, question, &result))
        rest(asker, question, arm);
}

/* The host says that nothing listens there: worth a word, and no reason to wait for long. */
static void take_refusals(struct pidstat_asker *asker, const struct pidstat_link *link)
{
    char text[PIDSTAT_WIRE_MAX + 1];
    ssize_t len;

    for (int i = 0; i < RECEIVE_A_TURN; i++) {
        struct asker_question *question;
        int64_t due;

        len = pidstat_udp_receive_refusal(link->fd, text, PIDSTAT_WIRE_MAX);
        if (len < 0)
            return;
        question = question_table_asked(asker->table, text, (size_t)len);
        if (question == NULL || question->state != QUESTION_SENT)
            continue;
        question->refused = true;
        due = clock_now_us() + REFUSED_PAUSE_MS * INT64_C(1000);
        if (due < question->due_us)
            states_await_answer(asker, question, due);
    }
}

static void tell_forged(struct pidstat_asker *asker, const struct pidstat_link *link)
{
    char who[INET6_ADDRSTRLEN];

    inet_ntop(AF_INET6, &link->address.sin6_addr, who, sizeof who);
    tell_unproven(asker, strncmp(who, "::ffff:", 7) == 0 ? who + 7 : who);
}

/* It proves nothing, and may be forged; but if a classic daemon is there, it has to be asked in
 * another way. */
static void take_without_id(struct pidstat_asker *asker, const struct pidstat_reply *reply,
                            const struct pidstat_link *link)
{
    struct cached_host *host = host_cache_find(asker->hosts, reply->host);

    if (host == NULL || address_of(host, link) < 0 ||
        host_cache_is_proven(asker->hosts, host, clock_now_us())) {
        tell_forged(asker, link);
    } else if (!host->may_be_classic) {
        host->may_be_classic = true;
        states_ask_all_again(asker, host);
    }
}

/* What has another id may be late. */
static void take_datagram(struct pidstat_asker *asker, char *text, size_t len,
                          const struct pidstat_link *link)
{
    struct pidstat_reply reply;
    struct asker_question *question;
    uint64_t id;

    if (pidstat_wire_parse_reply(text, len, &reply) != 0)
        return;
    question = question_table_find(asker->table, &reply);
    if (question != NULL)
        take_reply(asker, question, &reply, link);
    else if (!(reply.words.present & WORD_ID) && !pidstat_wire_id_of_host(reply.host, &id))
        take_without_id(asker, &reply, link);
}

void replies_receive(struct pidstat_asker *asker, struct asker_source *source)
{
    const struct pidstat_link *link = tree_entry(source, const struct pidstat_link, source);
    char text[PIDSTAT_WIRE_MAX + 1];

    take_refusals(asker, link);
    for (int i = 0; i < RECEIVE_A_TURN; i++) {
        ssize_t len = pidstat_udp_receive(link->fd, text, PIDSTAT_WIRE_MAX);

        if (len < 0)
            return;
        text[len] = '\0';
        if (asker->options.trace != NULL)
            asker->options.trace(asker->options.trace_context, "hears", "", text);
        take_datagram(asker, text, (size_t)len, link);
    }
}
