/* Fuzz entry for the datagrams of pidstat-protocol(7), both directions.
 * Must not open sockets or look at processes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pidstat/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every answer to a well-formed question keeps its bound, and can be read again. */
static void answer_all_ways(const struct pidstat_question *question, size_t question_len)
{
    static const enum pidstat_state states[] = {PIDSTAT_GONE, PIDSTAT_EXISTS, PIDSTAT_UNKNOWN};
    static const char name[] = "host.example.com";
    const struct pidstat_words words = {
        .present = WORD_ID | WORD_START | WORD_BOOT | WORD_WATCH,
        .id = UINT64_MAX,
        .start = UINT64_MAX,
        .watch = UINT64_MAX,
        .boot = "01234567-89ab-cdef-0123-456789abcdef",
    };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        char out[PIDSTAT_WIRE_MAX + 1];
        struct pidstat_reply reply;
        size_t len =
            pidstat_wire_format_answer(out, question, question_len, name, states[i], &words);
        size_t own = question->host == NULL ? strlen(name) + 1 : 0;

        assert(len <= question_len + PIDSTAT_WIRE_GROWTH + own);
        if (len == 0)
            continue;
        assert(pidstat_wire_parse_reply(out, len, &reply) == 0);
        assert(reply.pid == question->pid && reply.state == states[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[PIDSTAT_WIRE_MAX + 2];
    struct pidstat_question question;
    struct pidstat_reply reply;
    /* One byte too many must be refused as well. */
    size_t len = size <= PIDSTAT_WIRE_MAX + 1 ? size : PIDSTAT_WIRE_MAX + 1;

    memcpy(text, data, len);
    if (pidstat_wire_parse_question(text, len, &question) == 0)
        answer_all_ways(&question, len);
    memcpy(text, data, len);
    if (pidstat_wire_parse_reply(text, len, &reply) == 0)
        assert(reply.pid > 0 && strlen(reply.host) <= PIDSTAT_WIRE_HOST_MAX);
    return 0;
}
