/* The day of a farm in a box: its jobs and its nodes, as the plan has them and as they have gone.
 */
#ifndef FARMLOCK_BENCH_FARM_PLAN_H
#define FARMLOCK_BENCH_FARM_PLAN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>

enum {
    FARM_NAME_MAX = 31,
    FARM_NODES_MAX = 60000,
    FARM_PID_FIRST = 1000, /* of job 0; the others follow */
};

enum job_state {
    JOB_AHEAD,      /* has not come yet */
    JOB_CONNECTING, /* to ask, or to come back */
    JOB_ASKING,
    JOB_WAITING,
    JOB_GREETING, /* back behind a cut, as a holder that waits to be told who serves */
    JOB_RENEWING,
    JOB_HOLDING,
    JOB_GIVING, /* has said UNLOCK */
    JOB_OVER,
};

enum job_end {
    JOB_END_NONE, /* never: it was still there when nothing more happened */
    JOB_END_UNLOCK,
    JOB_END_KILLED,
    JOB_END_GAVE_UP,
    JOB_END_NODE,
    JOB_END_REFUSED,
    JOB_END_LOST, /* its connection, or its lock */
};

/* What has come on a connection, up to the end of a line. */
struct job_input {
    char text[4096];
    size_t len;
    bool has_status; /* lines of one have come */
    bool is_locked, has_error;
    uint64_t token;
    char seats[512];
};

/* A job that wants `count` seats.  Times are microseconds since the day began; 0 for never. */
struct job {
    int64_t at_us, hold_us;
    int64_t give_up_us; /* is killed when it has waited for so long */
    int64_t kill_us;    /* is killed, with all that belongs to it, when it has held for so long */
    uint32_t number, node;
    unsigned count;
    char pool[FARM_NAME_MAX + 1], user[FARM_NAME_MAX + 1], project[FARM_NAME_MAX + 1];

    enum job_state state;
    enum job_end end;
    int fd;       /* -1 where it has no connection */
    bool was_cut; /* its connection broke as it waited or held */
    bool was_paused;
    bool is_paused;     /* it has one that nothing comes through */
    bool is_done;       /* it has held for as long as it wanted to */
    int64_t asked_us;   /* when it began to connect */
    int64_t queued_us;  /* when it heard that it waits */
    int64_t granted_us; /* when it heard of its grant */
    int64_t left_us;    /* when it sent its UNLOCK, or died */
    int64_t proof_us;   /* from when on somebody can tell that it has died; else as left_us */
    uint64_t token;
    char *seats;             /* with spaces between them */
    struct job_input *input; /* as long as it has a connection */
    LIST_ENTRY(job) on_node;
};

LIST_HEAD(job_list, job);

struct node {
    int64_t away_until_us; /* it has no network until then */
    unsigned boots;        /* so many times it has failed */
    struct job_list jobs;  /* those with a process */
};

enum trouble_kind { TROUBLE_FAILURE = 'F', TROUBLE_PAUSE = 'P', TROUBLE_CUT = 'C' };

/* Something that befalls a node, for so long. */
struct trouble {
    enum trouble_kind kind;
    int64_t at_us, for_us;
    uint32_t node;
};

struct farm_plan {
    struct job *jobs;
    size_t job_count;
    struct trouble *troubles;
    size_t trouble_count;
    struct node *nodes;
    uint32_t node_count;
};

/* Reads a plan, whose lines are
 *   N NODES
 *   J AT HOLD GIVE_UP KILL NODE COUNT POOL USER PROJECT
 *   F|P|C AT FOR NODE
 * or dies. */
void farm_plan_read(struct farm_plan *plan, const char *path);

/* Frees what belongs to it. */
void farm_plan_fini(struct farm_plan *plan);

/* What became of each job, a line each: NUMBER END FLAGS ASKED QUEUED GRANTED LEFT PROOF TOKEN
 * SEATS. FLAGS is 1 where it was cut off and 2 where it was paused, added; `-` stands for no seats.
 */
void farm_plan_write(const struct farm_plan *plan, FILE *out);

/* A node's address, in network byte order, and the node of an address; node_count where it is
 * none's. */
struct in_addr farm_node_address(uint32_t node);
uint32_t farm_node_of(const struct farm_plan *plan, struct in_addr address);

/* A node's boot id, of 36 characters: another one after each failure. */
void farm_node_boot(const struct farm_plan *plan, uint32_t node, char boot[37]);

#endif
