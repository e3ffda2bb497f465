/* One question of an asker, and the table that finds it again when its reply comes. */
#ifndef FARMLOCK_PIDSTAT_QUESTION_H
#define FARMLOCK_PIDSTAT_QUESTION_H

#include "asker.h"
#include "base/tree.h"
#include "host_cache.h"
#include "queue.h"
#include "wire.h"

enum question_state {
    QUESTION_QUEUED,     /* waits for its turn, or for its host to be resolved */
    QUESTION_SENT,       /* the deadline is for the answer */
    QUESTION_RESTING,    /* standing: the deadline is for the next round */
    QUESTION_LOCAL,      /* standing: its pidfd says when the process ends */
    QUESTION_LOCAL_POLL, /* standing: there is no pidfd, the deadline is for the next look */
};

struct asker_question {
    struct tree_node by_id, by_process, by_due;
    struct queue_entry in_queue;
    struct queue *queue; /* in QUESTION_QUEUED */
    int64_t due_us;      /* the deadline; 0 for none */

    struct cached_host *host;
    const char *host_name; /* the host's, for the table */
    uint64_t number;       /* of the table's: the later the higher */
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
    int fd;                 /* pidfd, or -1 */

    pidstat_asker_fn *function;
    void *context;
};

/* NULL with errno EINVAL or ENOMEM; without a host as yet. */
struct asker_question *question_create(const struct pidstat_target *target,
                                       pidstat_asker_fn *function, void *context);

/* The datagram that asks it, into PIDSTAT_WIRE_MAX bytes; its length, or 0. */
size_t question_format(const struct asker_question *question, char *out);

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

/* Where a reply came from; its port is to be that of the hosts' daemons. */
struct reply_source {
    const struct sockaddr_storage *address;
    uint16_t port;
};

/* The questions that a reply may answer, the first and the next: the one with its id; or, as
 * classic daemons know no id, all about the same pid of the same host whose address it came from.
 * NULL when there is no more.  Questions may come and go between these calls.
 */
struct asker_question *question_table_first(struct question_table *table,
                                            const struct pidstat_reply *reply,
                                            const struct reply_source *from);
struct asker_question *question_table_next(struct question_table *table,
                                           const struct pidstat_reply *reply,
                                           const struct reply_source *from);

/* The question that a datagram asked, of `len` bytes with room for one more; NULL if it is in the
 * table no more, or is none of ours. */
struct asker_question *question_table_asked(struct question_table *table, char *text, size_t len);

#endif
