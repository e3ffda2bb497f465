/* Two lockerd over a model of etcd, in virtual time, with a network, clocks and pauses that do
 * whatever may happen; and checks of what clients were told, and of what etcd has kept.
 *
 *   etcd_world.c         what happens when, and who is struck by what
 *   etcd_world_member.c  a lockerd: a replica and a plain table of slots, driven as an engine does
 *   etcd_world_net.c     copies of questions and answers on their way
 *   etcd_world_check.c   what is true, and whether what is told is
 *
 * Slots are locks: each has the token of its holder, or 0.
 */
#ifndef FARMLOCK_TEST_ETCD_WORLD_H
#define FARMLOCK_TEST_ETCD_WORLD_H

#include "etcd_model.h"
#include "store/etcd/replica.h"

#define WORLD_PREFIX "/farmlock/test/"

enum {
    WORLD_MEMBERS = 2,
    WORLD_SLOTS = 200,
    WORLD_STATES = 16384, /* that are remembered */
    WORLD_TOLD = 16,      /* what is held back until a commit, at most */
    WORLD_TAKEOVER_MS = 2000,
    WORLD_HISTORY = 9000, /* entries that must be there yet */
};

enum world_mutant {
    WORLD_REAL,
    WORLD_NO_SEQ_GUARD,   /* transactions are guarded by the leader's key only */
    WORLD_READS_AT_ONCE,  /* what is only read is told without a commit */
    WORLD_READS_BY_LEASE, /* so, while the own clock, which sleeps with the machine, says that
                           * nobody else can lead */
    WORLD_MUTANTS
};

/* What a client is told, at the time at which it is. */
struct world_told {
    bool is_grant;
    uint64_t token; /* of a grant, with its slot */
    int slot;
    uint64_t state; /* of a read: what it saw */
    int64_t since;  /* and the newest state that anybody had been told when it was asked */
};

struct world_told_list {
    struct world_told items[WORLD_TOLD];
    int count;
};

struct world_member {
    struct etcd_world *world;
    int number, life;             /* lives are counted */
    struct etcd_replica *replica; /* NULL: it is dead */
    char instance[ETCD_ID_SIZE];
    struct etcd_mark mark; /* that the last life has left */

    int64_t clock_offset_ms, clock_permille;
    int64_t slept_ms; /* how long it was paused since its last commit */
    int64_t paused_until_ms, cut_until_ms;
    bool cuts_questions, cuts_answers;
    int64_t call; /* the question under way; 0: none */
    int64_t next_wake_ms;

    uint64_t slots[WORLD_SLOTS], rows_hash;
    bool is_loaded, is_live, commits;
    struct world_told_list waiting, committing; /* for the next commit, for the one under way */
    uint64_t history;                           /* the last number that it has copied */
};

/* A term, as its leader has it. */
struct world_term {
    uint64_t confirmed, pending; /* states of the rows */
    bool has_pending;
};

struct world_counts {
    int64_t steps, txns, terms, commits, told_grants, told_reads, deposed, resigned, failed;
    int64_t unknown, loads, history, kept_out, kills, pauses, cuts, compactions;
};

struct world_event;

struct etcd_world {
    enum world_mutant mutant;
    uint64_t random;
    int64_t now_ms;
    bool is_quiet; /* nothing bad happens any more */
    struct etcd_model etcd;
    int64_t etcd_silent_until_ms, etcd_full_until_ms;
    struct world_member members[WORLD_MEMBERS];
    int64_t calls;

    struct world_event *events; /* a heap */
    size_t event_count, event_room;
    uint64_t event_order;

    /* what is true */
    uint64_t rows_hash;
    struct etcd_seq seq, seq_before;
    bool seq_was_put, rows_were_put;
    uint64_t states[WORLD_STATES];
    int64_t state_count; /* the last one's number */
    int64_t told_state;  /* the newest that somebody was told */
    struct world_term *terms;
    size_t term_room;
    struct world_token {
        int64_t kept; /* the state that it came with; 0: none */
        bool is_told, has_ended;
    } * tokens;
    size_t token_room;
    uint64_t holders[WORLD_SLOTS];
    uint64_t *history; /* hashes by number */
    size_t history_room, history_count;

    struct world_counts counts;
    int64_t faults;
    char fault[256]; /* the first */
};

void etcd_world_init(struct etcd_world *world, enum world_mutant mutant, uint64_t seed);
void etcd_world_fini(struct etcd_world *world);

/* Lets so many things happen, or until the first fault. */
void etcd_world_run(struct etcd_world *world, int64_t steps);

/* All is well from now on: a lockerd must serve soon. */
void etcd_world_calm_down(struct etcd_world *world);

/* inside */

uint64_t world_random(struct etcd_world *world);
int64_t world_between(struct etcd_world *world, int64_t least, int64_t most);
bool world_chance(struct etcd_world *world, int permille);
uint64_t world_hash(const void *data, size_t len);
uint64_t world_row_hash(int slot, uint64_t token);

enum world_event_kind {
    WORLD_WAKE,    /* a member looks what is to do */
    WORLD_ASKED,   /* a client asks a member something */
    WORLD_TELL,    /* something leaves a member */
    WORLD_ARRIVAL, /* a copy of a question comes to etcd */
    WORLD_ANSWER,  /* an answer, or news of a broken connection, comes to a member */
    WORLD_NEMESIS,
};

struct world_event {
    int64_t at_ms;
    uint64_t order;
    enum world_event_kind kind;
    int member, life;
    int64_t call;
    bool is_refused; /* this and all copies of the call */
    enum etcd_method method;
    enum etcd_outcome outcome;
    struct etcd_error *error; /* the event's */
    struct buffer bytes;      /* the event's */
    struct world_told told;
};

/* Takes what the event owns. */
void world_schedule(struct etcd_world *world, struct world_event event);

void world_member_begin(struct etcd_world *world, int number);
void world_member_wake(struct world_member *member);
void world_member_asked(struct world_member *member, int64_t since);
void world_member_kill(struct world_member *member);
int64_t world_member_clock(const struct world_member *member);
void world_member_hear(struct world_member *member, const struct world_event *event);

void world_net_send(struct world_member *member, const struct etcd_question *question);
void world_net_arrive(struct etcd_world *world, struct world_event *event);

void world_check_begin(struct etcd_world *world);
void world_check_fini(struct etcd_world *world);
void world_check_told(struct etcd_world *world, const struct world_told *told);
struct world_term *world_term(struct etcd_world *world, uint64_t term);
struct world_token *world_token(struct etcd_world *world, uint64_t token);
uint64_t world_state_hash(uint64_t rows_hash, uint64_t next_token);
void world_fault(struct etcd_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
