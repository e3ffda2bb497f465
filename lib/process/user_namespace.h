/* The users of this process's user namespace, user_namespaces(7). */
#ifndef FARMLOCK_PROCESS_USER_NAMESPACE_H
#define FARMLOCK_PROCESS_USER_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether there is a user with this uid; so it is taken to be where /proc does not tell. */
bool user_namespace_has(uid_t uid);

/* Whether every uid here means what it means to the kernel, as in the first namespace.  False where
 * /proc does not tell. */
bool user_namespace_is_whole(void);

/* The uid by which all are seen who are not in it, /proc/sys/kernel/overflowuid. */
uid_t user_namespace_overflow(void);

#endif
