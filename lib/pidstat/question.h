/* One question of an asker, and the table that finds it again when its reply comes. */
#ifndef FARMLOCK_PIDSTAT_QUESTION_H
#define FARMLOCK_PIDSTAT_QUESTION_H

#include "asker.h"
#include "base/ip_text.h"
#include "base/tree.h"
#include "host_cache.h"
#include "queue.h"
#include "source.h"
#include "turns.h"
#include "wire.h"

enum question_state {
    QUESTION_QUEUED,     /* waits for its turn, or for its host to be resolved */
    QUESTION_SENT,       /* the deadline is for the answer */
    QUESTION_RESTING,    /* the deadline is for the next round, which has its turn then */
    QUESTION_LOCAL,      /* standing: its pidfd says when the process ends */
    QUESTION_LOCAL_POLL, /* standing: there is no pidfd, the deadline is for the next look */
};

struct asker_question {
    struct asker_source source; /* that its pidfd has become readable */
    struct tree_node by_id, by_due;
    struct queue_entry in_queue;
    struct queue *queue; /* in QUESTION_QUEUED, and its host's in QUESTION_SENT */
    int64_t due_us;      /* the deadline; 0 for none */

    struct turn_line *line;       /* for whom it is asked, and where */
    unsigned char peer[IP_BYTES]; /* where that one has come from; all 0 where not known */
    struct cached_host *host;
    uint64_t number; /* of the table's: the later the higher */
    pid_t pid;
    unsigned tries;
    /* Narrow, as a lock server may have a hundred thousand questions. */
    unsigned char state;        /* enum question_state */
    unsigned char which, flags; /* PIDSTAT_RETURN_*, ASK_* */
    bool calling, cancelled;
    bool refused; /* in this round */
    bool vouched; /* the daemon has seen just this process: it speaks of the right namespace */
    struct pidstat_words known; /* id; start, boot, the watch's proof, and the process's namespace
                                   as far as known */

    unsigned tries_left;    /* in this round */
    unsigned silent_rounds; /* since the last answer */
    int64_t round_us;       /* when this round's first datagram was sent */
    int64_t sent_us;        /* when its last was */
    int64_t armed_us;       /* when a new proof was last answered ahead of the next round */
    int64_t classic_end_us; /* when that was asked what a classic daemon has answered with "gone",
                               and with nothing else since; 0 for never */
    int fd;                 /* pidfd, or -1 */

    pidstat_asker_fn *function;
    void *context;
};

/* NULL with errno EINVAL or ENOMEM; without a host as yet. */
struct asker_question *question_create(const struct pidstat_target *target,
                                       pidstat_asker_fn *function, void *context);

/* The datagram that asks it, into PIDSTAT_WIRE_MAX bytes; its length, or 0.  With `id_in_host` a
 * classic daemon's answer has the id, too. */
size_t question_format(const struct asker_question *question, bool id_in_host, char *out);

/* What a reply says about it; *foreign where it is about another pid namespace, and so says
 * nothing.  A standing question keeps start and boot from it. */
enum pidstat_state question_judge(struct asker_question *question,
                                  const struct pidstat_reply *reply, bool *foreign);

struct question_table;

/* NULL with errno ENOMEM. */
struct question_table *question_table_create(void);
void question_table_destroy(struct question_table *table);

void question_table_add(struct question_table *table, struct asker_question *question);
void question_table_remove(struct question_table *table, struct asker_question *question);

/* Some question that is in the table; NULL when there is none. */
struct asker_question *question_table_any(struct question_table *table);

/* The question that a reply answers: the one that has its id, which stands in the word id= or
 * behind HOST.  NULL when there is none: whoever has sent it has not seen a question of ours. */
struct asker_question *question_table_find(struct question_table *table,
                                           const struct pidstat_reply *reply);

/* Gives a question another id: what was asked before cannot be answered any more. */
void question_table_renew_id(struct question_table *table, struct asker_question *question);

/* The question that a datagram asked, of `len` bytes with room for one more; NULL if it is in the
 * table no more, or is none of ours. */
struct asker_question *question_table_asked(struct question_table *table, char *text, size_t len);

#endif
