/* Where in the history a time may be: of each BLOCK_ROWS rows that follow each other, when the last
 * one ended and when the first was asked for.  What is asked about some days skips the blocks of
 * others.
 *
 * Rows come nearly in the order of their ends, so that a row of the file for a thousand of them
 * says as much as an index would, which each of them would have to pay for; after the block range
 * indexes of PostgreSQL.  A block that is not described is read.
 */
#ifndef FARMLOCK_STORE_HISTORY_BLOCKS_H
#define FARMLOCK_STORE_HISTORY_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum { HISTORY_BLOCK_ROWS = 1024 };

/* The block of a row. */
static inline int64_t history_block_of(int64_t id)
{
    return (id - 1) / HISTORY_BLOCK_ROWS;
}

/* The last row of a block. */
static inline int64_t history_block_end(int64_t block)
{
    return (block + 1) * HISTORY_BLOCK_ROWS;
}

/* The block that is being filled; all 0 at first. */
struct history_block {
    int64_t next_id, ended_ms, asked_ms;
    bool is_whole; /* all of it was seen from its first row on */
};

/* A row was added.  Returns true when its block is complete, and known. */
bool history_block_add(struct history_block *block, int64_t id, int64_t ended_ms, int64_t asked_ms);

#endif
