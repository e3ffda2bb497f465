/* Output whose bytes go out only when what they tell of is safe.
 *
 * A reply is said at once and shown later: a crash could undo the change it tells of until the
 * commit with that change is done.  Commits have numbers that grow, and so a *mark*, the number of
 * a commit, says what a byte waits for.  The bytes are, in this order,
 *
 *   sendable   may be sent
 *   held       may be sent when their marks are committed; two marks are kept at most
 *   said       since the last gated_output_end_pass(), which decides what they wait for
 *
 * Pure: it knows no socket, no store and no connection.
 */
#ifndef FARMLOCK_SERVER_GATED_OUTPUT_H
#define FARMLOCK_SERVER_GATED_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* All zero is empty. */
struct gated_output {
    struct buffer bytes; /* others add to its end, and read; a failed one is to be given up */

    /* The type's own. */
    uint32_t sendable;
    uint32_t unbound; /* of what was said, so much depends on no commit */
    uint32_t held_len[2];
    uint64_t held_mark[2];
};

/* Frees the memory; it is empty then. */
static inline void gated_output_fini(struct gated_output *output)
{
    buffer_fini(&output->bytes);
    *output = (struct gated_output){0};
}

/* How many bytes there are. */
static inline uint32_t gated_output_len(const struct gated_output *output)
{
    return output->bytes.len;
}

/* What was said behind the first `before` bytes depends on no commit; that was said in this pass.
 */
static inline void gated_output_unbind(struct gated_output *output, uint32_t before)
{
    output->unbound += output->bytes.len - before;
}

/* What was said since the last call tells of nothing later than the commit `mark`; up to
 * `committed` all are done.  What depends on no commit waits only where bytes before it do.
 */
void gated_output_end_pass(struct gated_output *output, uint64_t mark, uint64_t committed);

/* Up to `committed` all commits are done: what waited for those is sendable.  Returns whether there
 * was any. */
bool gated_output_release(struct gated_output *output, uint64_t committed);

/* Takes back all that is not sendable: it has not happened. */
void gated_output_take_back(struct gated_output *output);

/* Whether bytes wait for a commit. */
static inline bool gated_output_is_held(const struct gated_output *output)
{
    return output->held_len[0] > 0;
}

/* Whether something was said since the last gated_output_end_pass() that is to wait. */
static inline bool gated_output_has_said(const struct gated_output *output)
{
    return output->bytes.len >
           output->sendable + output->held_len[0] + output->held_len[1] + output->unbound;
}

/* How many bytes may be sent, from output->bytes.data on. */
static inline uint32_t gated_output_sendable(const struct gated_output *output)
{
    return output->sendable;
}

/* The first `len` of the sendable bytes were sent. */
static inline void gated_output_sent(struct gated_output *output, uint32_t len)
{
    buffer_drop(&output->bytes, len);
    output->sendable -= len;
}

#endif
