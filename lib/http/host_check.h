/* Whether a request is for this machine, by the name that it asks. */
#ifndef FARMLOCK_HTTP_HOST_CHECK_H
#define FARMLOCK_HTTP_HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `host`, without a port, is an address, a name of this machine or one of `names`.  A name
 * of somebody else's leads here where he has his name server say so (DNS rebinding); an address
 * does not. */
bool host_check(const char *host, const char *const *names, size_t count);

#endif
