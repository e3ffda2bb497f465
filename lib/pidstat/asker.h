/* Asks about many processes on many hosts at once, without blocking: the engine of the client in
 * pidstat.h, of pidstat(1) and pidwatch(1), and of lockerd(8).
 *
 * An asker has one descriptor.  Wait until it polls readable, in whatever event loop there is,
 * then call pidstat_asker_process(), which calls back with what is known.  It keeps its own
 * timers, so there is no timeout to take care of.
 *
 * Nothing is believed that has not the question's own random id in it.  Daemons repeat it in the
 * word id=; a classic one, which knows no such word, repeats it as part of HOST, and has to say
 * "gone" twice, a second apart.  For a day behind an answer with id= its host is not believed
 * without.
 *
 * One thread at a time.  The asker starts threads of its own only to resolve names, and these
 * never call back.
 */
#ifndef FARMLOCK_PIDSTAT_ASKER_H
#define FARMLOCK_PIDSTAT_ASKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidstat.h"

/* For so long from a question on does a pidstatd watch for whoever has asked: who is to hear of
 * each end at once asks again sooner, and so much sooner that a few datagrams may be lost. */
enum { PIDSTAT_WATCH_LEASE_S = 75 };

struct pidstat_asker;
struct asker_question;

struct pidstat_asker_options {
    uint16_t port;         /* of pidstatd; 0 for the default */
    int try_ms;            /* how long to wait for an answer before the next try; 0 for 1000 */
    int repeat_ms;         /* how often standing questions are asked again; 0 for 1000 */
    unsigned rate;         /* datagrams a second at most, evenly spread; 0 for 20000 */
    unsigned client_rate;  /* for one client, 0 for any number */
    unsigned host_rate;    /* to one host, likewise */
    int batch_ms;          /* how long ordinary questions wait for their turn to come together, so
                              that there is one waking for many of them; 0 for not at all */
    size_t max_pending;    /* questions at once; 0 for 100000 */
    size_t max_sockets;    /* connected ones, one for an address; 0 for 4096 */
    unsigned max_look_ups; /* of names, at once for one client, and one where many are looked
                              up for others; 0 for any number */
    bool no_classic;       /* what a classic daemon says counts for nothing */

    /* Something has sent `count` answers that are not believed, as they lack the id of the
     * question: at most one call a minute, with the name or the address of the last.  May be NULL.
     * Must not call the asker. */
    void (*unproven)(void *context, const char *who, unsigned count);
    void *unproven_context;

    /* For --debug: what was sent and received, cut to one datagram; may be NULL.  The text comes
     * from the network and is not cleaned. */
    void (*trace)(void *context, const char *what, const char *host, const char *text);
    void *trace_context;
};

enum {
    ASK_URGENT = 1,        /* before all that are not */
    ASK_STANDING = 2,      /* keep asking and watch, until it is gone or pidstat_asker_cancel() */
    ASK_BY_NETWORK = 4,    /* even where the host is this one */
    ASK_ANY_NAMESPACE = 8, /* whatever pid namespace a daemon speaks for, that is the one */
    ASK_NAME = 16,         /* no daemon: it is not answered, but says whose address the host has */
};

struct pidstat_target {
    const char *host; /* NULL for this one */
    pid_t pid;
    uint64_t start;         /* 0 where it is not known */
    const char *boot;       /* process_boot_id() of its host, 36 characters; NULL where not known */
    uint64_t pid_namespace; /* process_pid_namespace() that the pid is of; 0 where not known: then
                               it is taken for the host's own */
    unsigned which;         /* answers wanted, PIDSTAT_RETURN_*; 0 for all */
    unsigned tries;         /* datagrams before there is no answer; 0 for 5 */
    unsigned flags;         /* ASK_* */
    uint64_t client;        /* for whom it is asked: clients have their turns one after another */
    const unsigned char *peer; /* where that one has come from, see base/ip_text.h; NULL where not
                                  known.  Where the host has that address it is tried first, and
                                  before what the client asks of other hosts */
};

/* What a callback is told; gone when it returns. */
struct pidstat_result {
    bool answered; /* false where nobody has in all tries, or the host does not resolve: this proves
                      nothing about the process */
    enum pidstat_state state; /* PIDSTAT_GONE is proof: the answer had the id of our question, and
                                 a classic daemon has said so twice.  PIDSTAT_UNKNOWN also where a
                                 classic daemon cannot check whether it is the same process, and
                                 without an answer */
    const char *host;         /* as it was asked */
    pid_t pid;
    uint64_t start;    /* when the process started; 0 where nobody told */
    const char *boot;  /* its host's boot; NULL where nobody told */
    unsigned rtt_us;   /* since the last datagram was sent; 0 for this host */
    int resolve_error; /* EAI_* when the host does not resolve */
    bool refused;      /* not answered, but the host is up: nothing listens on its port */
    /* Answered, but for another pid namespace than the process's, such as by a daemon in a
     * container: the state is PIDSTAT_UNKNOWN. */
    bool foreign;
    /* Answered, but by a classic daemon that options.no_classic refuses: the same. */
    bool classic;
    uint64_t pid_namespace; /* that was answered for; 0 where nobody told */
    int64_t since_us;       /* CLOCK_MONOTONIC when the first datagram of this round was sent */
    bool is_of_peer;        /* the host has the target's `peer` address */
};

/* Called from pidstat_asker_process() only; may call anything but pidstat_asker_destroy() and
 * pidstat_asker_process().
 */
typedef void pidstat_asker_fn(void *context, const struct pidstat_result *result);

/* Returns an asker, or NULL with errno (ENOMEM, EMFILE, ENFILE).  `options` may be NULL. */
struct pidstat_asker *pidstat_asker_create(const struct pidstat_asker_options *options);

/* Accepts NULL, keeps errno.  Open questions are forgotten, without a call. */
void pidstat_asker_destroy(struct pidstat_asker *asker);

/* Change the options of the same name, for datagrams sent from then on. */
void pidstat_asker_set_port(struct pidstat_asker *asker, uint16_t port);
void pidstat_asker_set_try_ms(struct pidstat_asker *asker, int try_ms);

int pidstat_asker_fd(const struct pidstat_asker *asker);

/* Does what is due and calls back.  Never blocks. */
void pidstat_asker_process(struct pidstat_asker *asker);

/* Makes the descriptor readable until the next pidstat_asker_process(). */
void pidstat_asker_wake(struct pidstat_asker *asker);

/* Adds a question; strings in `target` are copied.  An ordinary question is answered by exactly
 * one call.  A standing one is answered by one call a round, the first as soon as there is an
 * answer, and ends with PIDSTAT_GONE.  On this host the end of a process is told as it happens;
 * on others too where the daemon can watch, else with the next round.  The first answer to a
 * standing question fixes start and boot, so that a pid that is used again later is not taken for
 * the same process.
 *
 * A daemon in a container knows other processes by the pids of its host's.  Unless its namespace is
 * the target's, or this very process's, or it sees a process of that pid that started just when the
 * target did, its answer is that it does not know.
 *
 * Returns a handle, valid until that last call or pidstat_asker_cancel(), or NULL with errno
 *   EINVAL  not a positive pid, or a host name that is empty, has blanks or control characters,
 *           or more than 255 bytes
 *   EAGAIN  max_pending questions are open
 *   ENOMEM
 */
struct asker_question *pidstat_asker_ask(struct pidstat_asker *asker,
                                         const struct pidstat_target *target,
                                         pidstat_asker_fn *function, void *context);

/* Forgets a question; there will be no more calls for it. */
void pidstat_asker_cancel(struct pidstat_asker *asker, struct asker_question *question);

/* Puts a question that still waits for its turn before all that are not urgent. */
void pidstat_asker_hurry(struct pidstat_asker *asker, struct asker_question *question);

/* True while no datagram was sent for a question: whatever is answered will be as of later. */
bool pidstat_asker_is_unasked(const struct asker_question *question);

/* How many questions are open. */
size_t pidstat_asker_pending(const struct pidstat_asker *asker);

#endif
