/* Rows of the history that may have to do with a time.
 * Blocks of rows that have nothing to do with it (history_blocks.h) are skipped.
 */
#ifndef FARMLOCK_STORE_HISTORY_SCAN_H
#define FARMLOCK_STORE_HISTORY_SCAN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"

enum history_order {
    HISTORY_AS_WRITTEN,
    HISTORY_BACKWARDS,  /* as written, from the end */
    HISTORY_LAST_FIRST, /* by their ends, for which they are sorted: where the clock was set back,
                         * they were not written so */
};

struct history_scan {
    /* Set by whoever opens it: what ended at or after the first, and was asked for before the
     * second, is meant; in which order; and bits of enum store_only. */
    int64_t since_ms, until_ms;
    enum history_order order;
    unsigned int only;

    sqlite3_stmt *row, *block, *whole;
    int64_t number; /* of the block that the last row was in */
};

/* Begins behind the row `after`; 0: with the first one.  Returns a code of SQLite's; to be closed
 * in any case. */
int history_scan_open(struct history_scan *scan, sqlite3 *db, int64_t after);
void history_scan_close(struct history_scan *scan);

/* SQLITE_ROW: there is one more row, which may be meant; SQLITE_DONE; or an error. */
int history_scan_step(struct history_scan *scan);

int64_t history_scan_id(const struct history_scan *scan);
bool history_scan_is_meant(const struct history_scan *scan);

/* Reads the row; its strings live until the next step.  Without a lock and an owner where it cannot
 * be read. */
void history_scan_load(struct history_scan *scan, struct store_history *entry);

#endif
