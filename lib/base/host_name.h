/* Names of hosts, as different programs write them. */
#ifndef FARMLOCK_BASE_HOST_NAME_H
#define FARMLOCK_BASE_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Whether two names may be one host's: "e1.example.com" is "E1.example.com", and "e1" of somebody
 * who leaves the domain out.  An empty name is nobody's.
 */
bool host_name_is_alike(const char *a, const char *b);

/* Whether a name, or NULL for none, is alike to one of `count` names. */
bool host_name_is_among(const char *const *names, size_t count, const char *host);

#endif
