/* What an asker waits for, whatever it is: epoll(7) hands back the address of one of these. */
#ifndef FARMLOCK_PIDSTAT_SOURCE_H
#define FARMLOCK_PIDSTAT_SOURCE_H

struct pidstat_asker;
struct asker_source;

typedef void asker_ready_fn(struct pidstat_asker *asker, struct asker_source *source);

struct asker_source {
    asker_ready_fn *ready;
};

#endif
