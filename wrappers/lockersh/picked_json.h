/* A part of a server's JSON list. */
#ifndef FARMLOCK_LOCKERSH_PICKED_JSON_H
#define FARMLOCK_LOCKERSH_PICKED_JSON_H

#include <stdio.h>

#include "locktable/filter.h"

/* Prints a document of share/schema/locklist.schema.json, as a server gave it, with the locks and
 * waiters that a filter lets through, each in a line of its own; all else is in it as it came.
 * Returns 0; or -1 with errno, and nothing is printed:
 *   EPROTO   it is no such document
 *   E2BIG    an entry is longer than any honest one
 *   ENOTSUP  it is of a classic server, which does not tell what the filter goes by
 *   ENOMEM
 */
int picked_json_print(const char *document, const struct list_filter *filter, FILE *out);

#endif
