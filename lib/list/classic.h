/* The JSON list that a classic server's LOCK_LIST is good for. */
#ifndef FARMLOCK_LIST_CLASSIC_H
#define FARMLOCK_LIST_CLASSIC_H

#include <stddef.h>
#include <stdint.h>

/* Makes the document of share/schema/locklist.schema.json from names and owners by turns; what such
 * a server does not tell is null.  Returns a string for the caller to free(3), or NULL with errno
 * ENOMEM.
 */
char *list_classic_json(const char *version, int64_t started_s, char *const *names_and_owners,
                        size_t count, int64_t now_ms);

#endif
