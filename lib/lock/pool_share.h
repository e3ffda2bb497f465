/* Classes that take turns in a pool, and the lines in which their candidates stand. */
#ifndef FARMLOCK_LOCK_POOL_SHARE_H
#define FARMLOCK_LOCK_POOL_SHARE_H

#include "pool_types.h"

enum { POOL_PASS_UNIT = 1 << 20 };

tree_compare pool_share_compare_values;
tree_compare pool_share_compare_passes;

/* The order of lines: least use for its weight first, then the lowest pass, then who is first in
 * it.  Only lines that have candidates can be compared. */
tree_compare pool_line_compare;

/* The order of parts: least use for its weight with one seat more, then likewise. */
tree_compare pool_line_compare_parts;

/* Whether a class has no more than its part of so many seats with one seat more, its part being by
 * its weight among the classes that have seats or candidates. */
bool pool_share_is_within_part(const struct pool_share *share, int64_t seats);

/* The class of this value, made at first use, for one more tie.  NULL with errno ENOMEM. */
struct pool_share *pool_share_get(struct pool *pool, const char *value, uint32_t weight);
void pool_share_put(struct pool_share *share);

/* Nobody is looked for any more among the classes of a pool that goes away. */
void pool_share_retire(struct pool *pool);

/* Frees one of such a pool with its lines, whoever has it still: that is only memory, too.  Returns
 * false when there is none. */
bool pool_share_forget_one(struct pool *pool);

/* Frees those that nobody is of. */
void pool_share_forget_idle(struct pool *pool, size_t keep);

/* The class's line in a queue, likewise for one more entry. */
struct pool_line *pool_line_get(struct pool_share *share, uint32_t queue);
void pool_line_put(struct pool_line *line);

/* Puts an entry into its line as a candidate, or takes it out. */
void pool_line_enter(struct pool_entry *entry);
void pool_line_leave(struct pool_entry *entry);

/* Charges the class for seats that one of its requests is selected for, and for a turn if that was
 * one; gives seats back. */
void pool_share_charge(struct pool_share *share, uint32_t seats, bool is_turn);
void pool_share_add_use(struct pool_share *share, int64_t seats);

#endif
