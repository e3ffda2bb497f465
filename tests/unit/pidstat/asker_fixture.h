/* A pidstat asker under test: what its calls leave behind, and a daemon whose every word the test
 * chooses. */
#ifndef FARMLOCK_ASKER_FIXTURE_H
#define FARMLOCK_ASKER_FIXTURE_H

#include <netinet/in.h>
#include <stdint.h>

#include "pidstat/asker.h"

/* An address of this machine that is not taken for this host. */
#define ELSEWHERE "127.0.0.77"

enum { PATIENCE_MS = 20000 };

/* What the calls for a question leave behind. */
struct record {
    int calls;
    bool answered, refused, foreign, classic;
    enum pidstat_state state;
    uint64_t start, pid_namespace;
    char boot[37];
    int resolve_error;
    struct pidstat_asker *asker;
    struct asker_question *to_cancel;
    int order; /* among all calls, of any record */
};

/* A pidstat_asker_fn whose context is a struct record. */
void take(void *context, const struct pidstat_result *result);

/* A daemon that says what it is told. */
struct puppet {
    int fd;
    uint16_t port;
    struct sockaddr_in asker;
    char heard[1100];
    int count;
};

/* Binds a socket of ELSEWHERE to a port that was free. */
void puppet_open(struct puppet *puppet);

void puppet_say(const struct puppet *puppet, const char *text);

/* Takes a question that is there already into heard.  Returns whether there was one. */
int puppet_hears(struct puppet *puppet);

/* Monotonic. */
int64_t now_ms(void);

/* Lets the asker do what there is to do within so long. */
void turn(struct pidstat_asker *asker, int ms);

/* The same, until that time is over. */
void turn_for(struct pidstat_asker *asker, int ms);

/* Until a question is heard, or so many calls have been made; the test fails after PATIENCE_MS. */
void hear_one(struct pidstat_asker *asker, struct puppet *puppet);
void wait_calls(struct pidstat_asker *asker, const struct record *record, int calls);

/* An asker that asks a puppet, and is patient. */
struct pidstat_asker *make_asker(const struct puppet *puppet);

/* Answers the last question with its own id. */
void puppet_answers(const struct puppet *puppet, const char *kind_pid_value, const char *words);

/* As a classic daemon does: it repeats the host of the last question, and no other word. */
void puppet_answers_classic(const struct puppet *puppet, const char *kind_pid_value);

/* Hears a question about process 42 that has its id in the host, which takes a hint that a classic
 * daemon may be there. */
void hear_one_with_id(struct pidstat_asker *asker, struct puppet *puppet);

#endif
