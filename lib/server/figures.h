/* What a server has done and has now, in numbers, for whoever shows them: metrics, a test.
 *
 * Counting is done where things happen, one addition each; all else is worked out when somebody
 * looks.  Numbers only grow, from the server's creation on, unless it says "now".
 */
#ifndef FARMLOCK_SERVER_FIGURES_H
#define FARMLOCK_SERVER_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipclocker_server.h"
#include "lock/pools.h"

struct ipclocker_server;
struct store_outlook;

enum {
    FIGURES_TIME_CLASSES = 42, /* below a microsecond, and each power of two up to 25 days */
    FIGURES_COMMANDS_MAX = 64,
    FIGURES_CODES = 16,   /* of refusals, enum error_code */
    FIGURES_REASONS = 16, /* enum lock_reason */
};

/* How long something took, many times. */
struct figures_times {
    uint64_t classes[FIGURES_TIME_CLASSES]; /* class N has what took less than 2^N microseconds, and
                                               is in none below */
    uint64_t sum_us;
};

/* Takes one: a bit scan, as it stands in the way of every grant. */
static inline void figures_take_time(struct figures_times *times, int64_t us)
{
    unsigned class;

    if (us <= 0) {
        times->classes[0]++;
        return;
    }
    class = 64 - (unsigned)__builtin_clzll((uint64_t)us);
    times->classes[class < FIGURES_TIME_CLASSES ? class : FIGURES_TIME_CLASSES - 1]++;
    times->sum_us += (uint64_t)us;
}

/* How many. */
static inline uint64_t figures_times_count(const struct figures_times *times)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < FIGURES_TIME_CLASSES; i++)
        count += times->classes[i];
    return count;
}

/* What is counted. */
struct figures_counts {
    uint64_t commands[FIGURES_COMMANDS_MAX]; /* see figures_command() */
    uint64_t queued;                         /* requests that had to wait */
    uint64_t ended[2][FIGURES_REASONS];      /* locks that were given back, or whose owner is done
                                                with them while they are held on; by why */
    uint64_t left[FIGURES_REASONS];          /* waits that ended without a grant, by why */
    uint64_t refused[FIGURES_CODES];
    uint64_t accepted, turned_away; /* connections */
    uint64_t limits[IPCLOCKER_LIMITS];
    uint64_t owners_asked, owners_alive, owners_unknown, owners_ended;
    uint64_t commits, commits_failed;
    struct figures_times wait;     /* of each grant; in whole milliseconds, most often 0 */
    struct figures_times handover; /* from the grant of one that waited until it is told */
    struct figures_times commit;   /* from the submission of a batch until it is safe */
};

/* What there is now. */
struct figures_now {
    size_t held, waiting, names, connections;
    int64_t oldest_wait_ms; /* how long the request that came first waits; 0: nobody does */
    int64_t started_ms;     /* since 1970, like the next */
    int64_t now_ms;
    const char *trouble; /* see figures_trouble() */
    bool keeps_state;
    size_t uncommitted; /* batches that were submitted and are not safe */
};

const struct figures_counts *figures_counts(const struct ipclocker_server *server);
void figures_now(const struct ipclocker_server *server, struct figures_now *now);

/* What there is to tell of a state that others share; false where it is the server's own. */
bool figures_outlook(const struct ipclocker_server *server, struct store_outlook *outlook);

/* The word of a command; NULL behind the last.  The place is an index of `commands`. */
const char *figures_command(size_t place);

/* Whether it is counted: settings are not worth it. */
bool figures_command_counts(size_t place);

/* The option of a limit, without its hyphens. */
const char *figures_limit(enum ipclocker_limit limit);

/* The word of a code of refusals, or of a reason; NULL where there is none. */
const char *figures_code(size_t code);
const char *figures_reason(size_t reason);

/* The table, for whoever adds up what is in it: a little at a time, see lock_table_held_behind().
 */
const struct lock_table *figures_table(const struct ipclocker_server *server);

/* Steps through the pools, see lock_table_next_pool(). */
bool figures_next_pool(const struct ipclocker_server *server, size_t *index,
                       struct pool_state *state);

/* Why nothing can be granted or released just now, a line that is valid until the server's loop
 * goes on; NULL while all can. */
const char *figures_trouble(const struct ipclocker_server *server);

#endif
