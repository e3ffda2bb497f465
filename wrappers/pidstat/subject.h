/* One process that pidstat was asked about. */
#ifndef FARMLOCK_PIDSTAT_SUBJECT_H
#define FARMLOCK_PIDSTAT_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "pidstat/asker.h"

struct run;

struct subject {
    char *host;
    bool bracketed; /* to be printed as it was written */
    pid_t pid;
    bool known;                 /* at least one result came */
    bool explained;             /* a line was printed about its host */
    struct pidstat_result last; /* without its strings */
    char boot[37];

    struct run *run;                 /* whoever asks */
    struct asker_question *question; /* while it is open */
};

/* Takes "HOST:PID", "[ADDRESS]:PID" or, of the default host, "PID" apart.  Returns 0, or a status
 * to exit with after saying why; subject_fini() is to be called in either case.
 */
int subject_parse(struct subject *subject, const char *word, const char *default_host);
void subject_fini(struct subject *subject);

/* Keeps a result. */
void subject_take(struct subject *subject, const struct pidstat_result *result);

/* Print what is known on standard output: "HOST:PID STATE" in a line, or a JSON object. */
void subject_print(const struct subject *subject);
void subject_print_json(const struct subject *subject, uint16_t port);

enum { SUBJECT_WHY_SIZE = 512 };

/* Writes why there is no answer that says anything of the process, as one sentence, `port` being
 * the one that was asked.  False where there is one. */
bool subject_explain(const struct subject *subject, uint16_t port, char *out, size_t out_size);

#endif
