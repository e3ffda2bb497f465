/* The table of a server's pools. */
#ifndef FARMLOCK_LOCKERSH_POOL_LIST_H
#define FARMLOCK_LOCKERSH_POOL_LIST_H

#include <stdio.h>

/* Prints the pools of a document of share/schema/locklist.schema.json, a line each below a heading.
 * Returns 0, or -1 where it is no such document. */
int pool_list_print(const char *document, FILE *out);

#endif
