/* Groups of single locks that have names in common: which lock counts for which of them.
 *
 * The table has one group of them all, which needs as many as all together; here is what each of
 * these parts needs.  Locks will do as far as each can be given to a part of its own, which is a
 * matching, found by augmenting paths (H. Kuhn, Naval Research Logistics 2, 1955).  What can be
 * matched is a matroid (J. Edmonds, D. Fulkerson, 1965): nothing that was collected has to be given
 * back for something else, and a lock that is of no use is of none later, as long as nothing is
 * taken away.
 */
#ifndef FARMLOCK_LOCK_OVERLAP_H
#define FARMLOCK_LOCK_OVERLAP_H

#include "request.h"
#include "types.h"

enum { OVERLAP_PARTS_MOST = 8, OVERLAP_NAMES_MOST = 128 };

struct lock_overlap {
    uint32_t group;      /* of the request: stands for the parts */
    uint32_t first;      /* of the request's seats, which is number 0 here */
    uint32_t name_count; /* of that group */
    uint32_t part_count;
    uint32_t needed[OVERLAP_PARTS_MOST], left[OVERLAP_PARTS_MOST]; /* of each part; and lacking */
    uint8_t masks[OVERLAP_NAMES_MOST]; /* the parts that each name is named in */
    uint8_t part[OVERLAP_NAMES_MOST];  /* that it counts for; part_count: none */
};

/* A demand in which groups overlap. */
struct lock_want_overlap {
    struct lock_overlap overlap;
    size_t group_count;
    struct lock_group groups[]; /* as the table has them; their names are not there */
};

/* Makes what a demand that names a lock in two groups is to the table: want->overlap, groups and
 * names.  Returns LOCK_OUTCOME_GRANTED; OVERLAP with such a name as *culprit, where there are more
 * parts or names than are told apart, or where some parts are shared and others are not; BAD_COUNT
 * where so many could never be had; NO_MEMORY.  lock_want_fini() frees it in any case. */
enum lock_outcome lock_want_merge(struct lock_want *want, const char **culprit);

/* Whether a name of a demand counts for its group, beside those that did since the counting began.
 * Where no groups overlap each does, in any number. */
void lock_want_begin_counting(struct lock_want *want);
bool lock_want_counts(struct lock_want *want, size_t name);

/* Gives a new request that has room for it what its demand has of this. */
void lock_overlap_init(struct lock_request *request, const struct lock_want *want);

/* Whether a request has the same parts as a demand; and whether a seat of it is named in the same
 * parts as a name of that.  Where no groups overlap both are so. */
bool lock_overlap_is_of(const struct lock_request *request, const struct lock_want *want);
bool lock_overlap_names(const struct lock_seat *seat, const struct lock_want *want, size_t name);

/* What a request has of this; NULL where none of its groups overlap. */
static inline struct lock_overlap *lock_request_overlap(const struct lock_request *request)
{
    return request->overlaps
               ? (struct lock_overlap *)(void *)(request->groups + request->group_count)
               : NULL;
}

/* The parts of a request, as a mask, for which one lock more would be of use; all where none of its
 * groups overlap.  And whether a lock would be for these. */
uint8_t lock_overlap_find_open(const struct lock_request *request);
bool lock_overlap_has_open(const struct lock_seat *seat, uint8_t open);

static inline uint8_t lock_overlap_open(const struct lock_request *request)
{
    return request->overlaps ? lock_overlap_find_open(request) : UINT8_MAX;
}

static inline bool lock_overlap_fits(const struct lock_seat *seat, uint8_t open)
{
    return open == UINT8_MAX || lock_overlap_has_open(seat, open);
}

/* A lock counts from now on, or does no more. */
void lock_overlap_gain(const struct lock_seat *seat);
void lock_overlap_lose(const struct lock_seat *seat);

#endif
