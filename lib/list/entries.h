/* Goes through a JSON list entry by entry: whoever reads a list of 100,000 locks needs memory for
 * one of them as objects, not for all.
 */
#ifndef FARMLOCK_LIST_ENTRIES_H
#define FARMLOCK_LIST_ENTRIES_H

#include <stddef.h>

struct json_object;

enum { LIST_ENTRY_MAX = 4 * 1024 * 1024 }; /* bytes; one has 1024 names at most */

/* What the document has at one place; good during the call, to whose function it is given. */
struct list_entry {
    const char *key; /* of the document's member */
    /* The member, or one of several where it is an array; NULL for null, and for an array by
     * itself, which is told before its entries. */
    struct json_object *value;
    const char *text, *key_text; /* what both were read from, not ended; "[" of an array */
    size_t len, key_len;
};

/* Takes one.  Returns 0 to go on, or -1 with errno to end it. */
typedef int list_entry_fn(void *context, const struct list_entry *entry);

/* Calls `take` with each member of the document, a JSON object, in its order: of an array first
 * with the array itself, whose text is "[" and whose value is NULL, and then with each entry.
 * Returns 0 at the end; or -1 with errno: that of `take`; EPROTO: it is no such document; E2BIG:
 * an entry is longer than LIST_ENTRY_MAX; ENOMEM.
 */
int list_entries_read(const char *document, list_entry_fn *take, void *context);

#endif
