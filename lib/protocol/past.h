/* The kinds of what has ended, as HISTORY of lockerd-protocol(7) names them, for who writes such
 * lines and who reads them.
 */
#ifndef FARMLOCK_PROTOCOL_PAST_H
#define FARMLOCK_PROTOCOL_PAST_H

#include <stddef.h>

/* In the order of enum store_past and enum ipclocker_past. */
enum past { PAST_HOLD, PAST_REFUSED, PAST_LEFT, PAST_HOLE };

/* Why there is a hole in a history; others may come. */
#define PAST_HOLE_AWAY "away"            /* etcd had forgotten it before it was copied */
#define PAST_HOLE_NEW_ETCD "new-etcd"    /* etcd was set up anew before all was copied, perhaps */
#define PAST_HOLE_EARLIER "earlier-etcd" /* etcd was put back to an earlier time */

/* The word of a kind, a constant; NULL when it is none. */
const char *past_word(size_t past);

/* The kind that a word stands for; -1 when it is none.  NULL is allowed, and none. */
int past_parse(const char *word);

#endif
