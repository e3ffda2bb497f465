/* Why a hold or a wait has ended, as HISTORY of lockerd-protocol(7) names it, for who writes such
 * lines and who reads them.
 */
#ifndef FARMLOCK_PROTOCOL_REASON_H
#define FARMLOCK_PROTOCOL_REASON_H

#include <stddef.h>

/* In the order of enum lock_reason. */
enum reason {
    REASON_NONE,
    REASON_UNLOCK,
    REASON_BREAK,
    REASON_HOLD_LIMIT,
    REASON_DEAD,
    REASON_JOB_END,
    REASON_GONE,
    REASON_INSIDE,
    REASON_KEPT,
    REASON_SILENT,
};

/* The word of a reason, a constant; "-" for none, and for what is none. */
const char *reason_word(size_t reason);

/* The reason that a word stands for; REASON_NONE when it is none.  NULL is allowed, and none. */
enum reason reason_parse(const char *word);

#endif
