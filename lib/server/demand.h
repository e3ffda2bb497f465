/* What a connection has said that it wants to lock: groups of names with counts. */
#ifndef FARMLOCK_SERVER_DEMAND_H
#define FARMLOCK_SERVER_DEMAND_H

#include <stddef.h>
#include <stdint.h>

#include "lock/table.h"
#include "refusal.h"

enum { WISH_NAMES_MAX = 1024, WISH_NAME_LEN_MAX = 255 };

/* All zero wants nothing. */
struct wish {
    struct lock_group *groups; /* their names point into `names` */
    char **names;              /* of all groups, in order */
    uint32_t group_count, name_count;
};

/* Frees everything; the wish wants nothing then. */
void wish_fini(struct wish *wish);

/* Adds a group, of which one is needed, from words split at white space in `text`.  Returns NULL,
 * or what is wrong with it, for the client; then nothing has changed.
 */
const struct refusal *wish_add_group(struct wish *wish, const char *text);

/* How many of the last group are needed.  Returns as above. */
const struct refusal *wish_set_count(struct wish *wish, size_t count);

#endif
