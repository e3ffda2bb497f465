/* Whose question is asked next: those for whom questions are asked have their turns one after
 * another, and so have the hosts that one of them asks, so that nobody's thousands delay another's
 * one.  Who had many rests a while, and so does a host that was asked many. */
#ifndef FARMLOCK_PIDSTAT_TURNS_H
#define FARMLOCK_PIDSTAT_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/tree.h"
#include "queue.h"

/* Of one client's questions those of a lower class are asked first. */
enum turn_class {
    TURN_URGENT_NEAR, /* near: the host is where the client has come from */
    TURN_URGENT,
    TURN_NEAR,
    TURN_ORDINARY,
    TURN_CLASSES,
};

/* How often one was asked for, or asked, of late; times are CLOCK_MONOTONIC in us.  As in the
 * virtual scheduling of ITU-T I.371: each datagram uses up its share of the time, of which a second
 * can be saved. */
struct turn_pace {
    int64_t used_until_us, rest_until_us;
    bool resting;
};

/* One that is asked; all 0 at first. */
struct turn_host {
    struct turn_pace pace;
    LIST_HEAD(turn_lines, turn_line) lines;
    TAILQ_ENTRY(turn_host) at_rest;
};

/* Questions of one class about one host for one client. */
struct turn_queue {
    struct queue entries;
    TAILQ_ENTRY(turn_queue) in_ring; /* while there are some, and the host does not rest */
    struct turn_line *line;
};

TAILQ_HEAD(turn_queue_ring, turn_queue);

/* One for whom questions are asked. */
struct turn_client {
    struct tree_node by_key;
    uint64_t key;
    struct tree lines;                          /* by host */
    struct turn_queue_ring hosts[TURN_CLASSES]; /* the next comes first */
    TAILQ_ENTRY(turn_client) in_ring;           /* while any of these has one */
    struct queue unresolved;                    /* questions that wait until fewer of its names
                                                   are looked up */
    size_t users;
    unsigned look_ups; /* of names, under way */
    struct turn_pace pace;
};

/* What one client asks one host. */
struct turn_line {
    struct tree_node by_host;
    LIST_ENTRY(turn_line) of_host;
    struct turn_client *client;
    struct turn_host *host;
    size_t users;
    struct turn_queue queues[TURN_CLASSES];
};

TAILQ_HEAD(turn_ring, turn_client);

struct turns {
    struct tree clients;
    struct turn_ring ring;    /* the next comes first */
    struct turn_ring at_rest; /* who have questions; the first goes on first */
    TAILQ_HEAD(turn_host_list, turn_host) hosts_at_rest; /* likewise */
    size_t urgent;                                       /* how many wait */
    unsigned rate, host_rate; /* datagrams a second for one client, to one host; 0 for any */
};

void turns_init(struct turns *turns, unsigned rate, unsigned host_rate);
/* Frees what is left: clients without questions whose names are looked up. */
void turns_fini(struct turns *turns);

/* Finds or makes the line of a client and a host, which is to be put back.  NULL with errno
 * ENOMEM. */
struct turn_line *turns_get(struct turns *turns, uint64_t key, struct turn_host *host,
                            int64_t now_us);
void turns_put(struct turns *turns, struct turn_line *line);

/* Keeps a client, until it is put back, too. */
void turns_hold_client(struct turn_client *client);
void turns_put_client(struct turns *turns, struct turn_client *client);

/* At the end of a line, and its queue there. */
struct queue *turns_join(struct turns *turns, struct turn_line *line, enum turn_class class,
                         struct queue_entry *entry, int64_t now_us);
/* Whether a queue is one of that line's; and an entry out of that, at any place. */
bool turns_have(const struct turn_line *line, const struct queue *queue);
void turns_leave(struct turns *turns, struct turn_line *line, struct queue *queue,
                 struct queue_entry *entry);

/* The entry whose turn is next, NULL when none waits; and out of its line with it: then it is the
 * turn of others. */
struct queue_entry *turns_next(const struct turns *turns);
void turns_take(struct turns *turns);

/* A datagram was sent for a line: after a quiet second that many of a rate in a row are all until
 * its client, or host, has rested for the tenth part of a second. */
void turns_count(struct turns *turns, struct turn_line *line, int64_t now_us);

/* When somebody has rested, INT64_MAX when nobody rests who has questions; and those who have are
 * in the ring again. */
int64_t turns_rested_us(const struct turns *turns);
void turns_wake(struct turns *turns, int64_t now_us);

#endif
