/* Output whose bytes go out only when what they tell of is safe.
 * Must not know what the bytes say, nor who commits. */
#include "gated_output.h"

/* What waits longest is not added to, so that a busy client is not kept waiting for ever. */
static void hold(struct gated_output *output, uint32_t len, uint64_t mark)
{
    bool joins_first =
        output->held_len[0] == 0 || (output->held_len[1] == 0 && output->held_mark[0] == mark);
    int part = joins_first ? 0 : 1;

    output->held_len[part] += len;
    output->held_mark[part] = mark;
}

void gated_output_end_pass(struct gated_output *output, uint64_t mark, uint64_t committed)
{
    uint32_t len = output->bytes.len - output->sendable - output->held_len[0] - output->held_len[1];
    bool waits = output->unbound != len && mark > committed;

    output->unbound = 0;
    if (len == 0)
        return;
    if (output->held_len[0] == 0 && !waits)
        output->sendable += len;
    else
        hold(output, len, mark);
}

bool gated_output_release(struct gated_output *output, uint64_t committed)
{
    bool released = false;

    while (output->held_len[0] > 0 && output->held_mark[0] <= committed) {
        output->sendable += output->held_len[0];
        output->held_len[0] = output->held_len[1];
        output->held_mark[0] = output->held_mark[1];
        output->held_len[1] = 0;
        released = true;
    }
    return released;
}

void gated_output_take_back(struct gated_output *output)
{
    output->bytes.len = output->sendable;
    output->unbound = 0;
    output->held_len[0] = 0;
    output->held_len[1] = 0;
}
