/* Have the salloc that made an allocation, and its command, ended?  What pidstatd on their host
 * says, or what this host sees where it is the same. */
#ifndef FARMLOCK_SPANK_ALLOCATOR_WATCH_H
#define FARMLOCK_SPANK_ALLOCATOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "allocator.h"
#include "pidstat/asker.h"

/* What is needed to ask; its strings outlive the watch. */
struct allocator_place {
    const char *host; /* a numeric address */
    const char *boot; /* NULL where not known */
    uint16_t port;    /* of pidstatd; 0 for the default */
};

/* All zero is a watch of nothing. */
struct allocator_watch {
    struct allocator_place place;
    struct allocator allocator;
    struct pidstat_asker *asker; /* NULL where nothing is asked */
    struct allocator_witness {
        bool alive, gone; /* as heard last; neither where nothing was heard */
    } of[2];
    bool vouched; /* both were alive once: only then does their end count */
};

/* Begins to ask whether both live.  Where it cannot, nothing will ever be gone. */
void allocator_watch_open(struct allocator_watch *watch, const struct allocator *allocator,
                          const struct allocator_place *place);

/* What to wait for in poll(2), to become readable; below 0 for nothing. */
int allocator_watch_fd(const struct allocator_watch *watch);

/* Does what is due.  Never blocks. */
void allocator_watch_process(struct allocator_watch *watch);

/* Asks again, and waits until both are gone: for at most `command_ms` while salloc's command lives,
 * ten seconds while salloc alone does, two minutes while nobody answers.  Blocks.  Returns false
 * where one of them lives on, and, at once, where they were never heard to live.
 */
bool allocator_watch_wait_until_gone(struct allocator_watch *watch, int64_t command_ms);

#endif
