/* What is known of the block of the history that is being filled.
 * Must not describe one of which a row was not seen: that would never be found. */
#include "history_blocks.h"

bool history_block_add(struct history_block *block, int64_t id, int64_t ended_ms, int64_t asked_ms)
{
    bool is_first = id == history_block_end(history_block_of(id) - 1) + 1;

    if (is_first) {
        *block =
            (struct history_block){.ended_ms = ended_ms, .asked_ms = asked_ms, .is_whole = true};
    } else if (id != block->next_id) {
        /* A start in the middle, or what was rolled back comes again. */
        block->is_whole = false;
    }
    block->next_id = id + 1;
    if (ended_ms > block->ended_ms)
        block->ended_ms = ended_ms;
    if (asked_ms < block->asked_ms)
        block->asked_ms = asked_ms;
    return block->is_whole && id == history_block_end(history_block_of(id));
}
