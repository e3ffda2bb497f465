/* The datagrams of pidstat-protocol(7): text in, fields out, and back.  No socket, no clock. */
#ifndef FARMLOCK_PIDSTAT_WIRE_H
#define FARMLOCK_PIDSTAT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidstat.h"

enum {
    PIDSTAT_WIRE_MAX = 1024,     /* bytes in a datagram; a longer one is malformed */
    PIDSTAT_WIRE_HOST_MAX = 255, /* bytes in a host name (RFC 1035) */
    PIDSTAT_WIRE_GROWTH = 3,     /* by which an answer may be longer than its question */
};

/* Words that may follow the classic ones, in questions and answers alike. */
enum {
    WORD_ID = 1 << 0,
    WORD_START = 1 << 1,
    WORD_BOOT = 1 << 2,
    WORD_WATCH = 1 << 3,
    /* In questions: the value is not known yet, tell me ("start=?"). */
    WORD_START_ASKED = 1 << 4,
    WORD_BOOT_ASKED = 1 << 5,
    WORD_WATCH_ASKED = 1 << 6,
    WORD_NAMESPACE_ASKED = 1 << 7,
    WORD_NAMESPACE = 1 << 8,
};

struct pidstat_words {
    unsigned present;       /* bits of WORD_* */
    uint64_t id;            /* chosen by the asker, repeated in the answer */
    uint64_t start;         /* process_start_time() */
    uint64_t watch;         /* the daemon's proof that the asker lives at its address */
    char boot[37];          /* process_boot_id() */
    uint64_t pid_namespace; /* process_pid_namespace() of who answers */
};

struct pidstat_question {
    const char *pid_text; /* the pid as it was asked, to be repeated */
    const char *host;     /* as it was asked; NULL where the question names none */
    pid_t pid;
    unsigned which;  /* the answers that are wanted, bits of PIDSTAT_RETURN_* */
    bool id_in_host; /* to be formatted with the id behind HOST, too: a classic daemon, which knows
                        no words behind it, repeats that */
    struct pidstat_words words;
};

struct pidstat_reply {
    pid_t pid;
    enum pidstat_state state;
    const char *host;
    struct pidstat_words words;
};

/* Whether an answer is among those that are wanted. */
static inline bool pidstat_wire_is_wanted(unsigned which, enum pidstat_state state)
{
    return which & (state == PIDSTAT_EXISTS ? PIDSTAT_RETURN_EXIST
                    : state == PIDSTAT_GONE ? PIDSTAT_RETURN_DOESNT
                                            : PIDSTAT_RETURN_UNKNOWN);
}

/* Takes a datagram of `len` bytes apart, in place: `text` must have room for one byte more, and
 * the strings in the result point into it.  Returns 0, or -1 with errno EINVAL when it is
 * malformed: another first word, a pid that is not 1 to 2147483647, a host of more than
 * PIDSTAT_WIRE_HOST_MAX bytes, a known word with a bad value, a byte that is neither printable
 * ASCII nor white space, or more than PIDSTAT_WIRE_MAX bytes.  Unknown words are no error.
 */
int pidstat_wire_parse_question(char *text, size_t len, struct pidstat_question *question);
int pidstat_wire_parse_reply(char *text, size_t len, struct pidstat_reply *reply);

/* Whether a HOST that was repeated is `name` with that id behind it, as a question with id_in_host
 * has it: NAME~ID, or ~ID alone where that would be longer than a host may be.
 */
bool pidstat_wire_is_host_with_id(const char *host, const char *name, uint64_t id);

/* Finds the id behind a HOST that was repeated; false where there is none. */
bool pidstat_wire_id_of_host(const char *host, uint64_t *id);

/* Writes a question, with all its words and what padding its answer needs, and a final NUL.
 * `out` has PIDSTAT_WIRE_MAX bytes.  Returns its length, or 0 when it does not fit.
 */
size_t pidstat_wire_format_question(char *out, const struct pidstat_question *question);

/* Writes the answer to a question; `host` is what stands for HOST where the question names none.
 * Of `words` as many are written as fit into `question_len` + PIDSTAT_WIRE_GROWTH bytes, so that
 * no answer is larger than what was paid for it; only a host name that was not in the question
 * comes on top.  `out` has PIDSTAT_WIRE_MAX bytes.  Returns its length.
 */
size_t pidstat_wire_format_answer(char *out, const struct pidstat_question *question,
                                  size_t question_len, const char *host, enum pidstat_state state,
                                  const struct pidstat_words *words);

#endif
