/* What a lock server says, taken apart: a parser that is fed bytes as they come and gives out whole
 * answers.  Pure: no socket, no clock.  A server is a stranger: lines, answers and numbers are
 * bounded, and nothing that it says can do more than fail.
 */
#ifndef FARMLOCK_CLIENT_ANSWER_H
#define FARMLOCK_CLIENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/seal.h"
#include "base/buffer.h"
#include "ipclocker.h"
#include "protocol/error_code.h"

enum {
    ANSWER_LINE_MAX = 65536,
    ANSWER_PAST_MAX = 512 * 1024,            /* bytes of a `past` line, which may name 1024 locks */
    ANSWER_STATUS_MAX = 8 * ANSWER_LINE_MAX, /* bytes of a status, its lock names apart */
    ANSWER_LIST_MAX = 64 * 1024 * 1024,      /* bytes of a LOCK_LIST answer */
    ANSWER_JSON_MAX = 512 * 1024 * 1024,     /* a list of 200,000 waiters has about 60 MB */
};

enum answer_kind {
    ANSWER_NONE,     /* no whole answer is there yet */
    ANSWER_BAD,      /* what came is no answer of a lock server; nothing can follow */
    ANSWER_PROTO,    /* .number: the protocol */
    ANSWER_CLUSTER,  /* .text: the id of those that share the server's state */
    ANSWER_AUTH,     /* .text: the method; .nonce; .number: the server's uid */
    ANSWER_PERSON,   /* .text: how the server knows us; .number: the uid, 0 where it was not told */
    ANSWER_VERSION,  /* .text: the version; .number: when the server started; .clock_ms */
    ANSWER_WAITING,  /* .text: whom we wait for */
    ANSWER_QUEUE,    /* .number: the place, 0 when not queued; .held_ms, .lock, .text: holder */
    ANSWER_WHY,      /* .text: why, see wait_reason.h */
    ANSWER_CIRCLE,   /* .text: who waits for whom in it, see inside.h */
    ANSWER_OBTAINED, /* a status follows */
    ANSWER_BROKE,    /* .text: from whom it was taken; a status follows */
    ANSWER_CHECK,    /* .text: host; .number, .start: process that might be dead; .lock */
    ANSWER_ENDED,    /* .number: how many requests ended */
    ANSWER_LOST,     /* .number: the token of a lock that was taken from us; .text: why, a word */
    ANSWER_EXTENDED, /* .number: the token of a grant; .text: for how many ms it may be held yet */
    ANSWER_SEATS,    /* .number: so many are unusable now, in answer to OUTSIDE, OFFLINE, ONLINE */
    ANSWER_WOULD,    /* .text: "grant" or "wait", in answer to EXPLAIN; then: */
    ANSWER_SEAT,     /* .text: a lock that would be granted */
    ANSWER_PAST,     /* .past: a row of the history */
    ANSWER_HISTORY,  /* .number: where it goes on, 0 at its end */
    ANSWER_STATUS,   /* .text: owner; .locked, .names, .number: token, .left_ms, .error, .code */
    ANSWER_LIST,     /* .names: NAME OWNER NAME OWNER ... */
    ANSWER_JSON,     /* .text, .number: its length */
};

/* An answer.  Its text is valid until the parser is called again. */
struct answer {
    enum answer_kind kind;
    uint64_t number;
    int64_t held_ms;
    int64_t left_ms;  /* how long it may be held yet; -1 where there is no limit */
    int64_t clock_ms; /* what the server's says, since 1970; 0 where it was not told */
    uint64_t start;   /* 0 where it was not told */
    const char *text; /* not NULL; nor is .lock */
    const char *lock;
    bool locked;
    bool has_key;           /* of the grant */
    struct siphash_key key; /* that one */
    struct seal_nonce nonce;
    bool seals_urgent; /* it reads seals while a LOCK waits */
    char **names;
    size_t name_count;
    struct ipclocker_history_row past;
    const char *error; /* NULL when there is none */
    enum error_code code;
};

/* All zero is a parser at the beginning of a connection. */
struct answer_parser {
    struct buffer in;
    size_t taken; /* bytes of `in` that the last answer's text occupies, dropped with the next */
    enum answer_state {
        ANSWER_IDLE,
        ANSWER_IN_STATUS,
        ANSWER_IN_LIST,
        ANSWER_IN_VERSION,
        ANSWER_IN_JSON
    } state;
    unsigned blank_lines;
    bool any_line, bad;

    /* The answer in the making. */
    struct answer answer;
    struct buffer strings; /* each with its NUL */
    size_t text_at, lock_at, error_at;
    bool has_error;
    struct buffer name_strings;
    char **names;
};

void answer_parser_fini(struct answer_parser *parser);

/* Feeds bytes in, as they came.  Returns false when memory ran out. */
bool answer_parser_feed(struct answer_parser *parser, const void *bytes, size_t len);

/* Gives out the next whole answer. */
enum answer_kind answer_parser_next(struct answer_parser *parser, struct answer *answer);

/* What an `error` line said that no whole answer followed, such as before the server closed the
 * connection; NULL when there was none.  Valid until the parser is called again.
 */
const char *answer_parser_last_error(const struct answer_parser *parser);

/* Its code; ERROR_CODE_NONE where there is no such text. */
enum error_code answer_parser_last_code(const struct answer_parser *parser);

#endif
