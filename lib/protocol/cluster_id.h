/* The id of lock servers that share one state: several programs, of which one serves at a time. */
#ifndef FARMLOCK_PROTOCOL_CLUSTER_ID_H
#define FARMLOCK_PROTOCOL_CLUSTER_ID_H

#include <stdbool.h>

enum { CLUSTER_ID_SIZE = 65 }; /* with its NUL */

/* Whether it is one: 1 to 64 letters, digits and hyphens of ASCII. */
bool cluster_id_is_valid(const char *text);

#endif
