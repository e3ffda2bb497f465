/* The name by which an owner that chose none goes: HOST_PID_USER, as the classic client has it, or
 * HOST_PID.NAMESPACE_USER in a container.
 *
 * It is a label for people and reports.  Nobody may draw a conclusion from it that matters: anybody
 * can call himself so.
 */
#ifndef FARMLOCK_PROTOCOL_OWNER_NAME_H
#define FARMLOCK_PROTOCOL_OWNER_NAME_H

#include <stddef.h>
#include <stdint.h>

/* A host's name is cut off behind so many bytes, so that pid and user find room behind it. */
enum { OWNER_NAME_HOST_MAX = 140 };

/* Writes the name of a process, ended by a null byte and cut off where `size` is too small.
 * `container` is the pid namespace of a process in a container, as all containers of a host may
 * have the same pids; 0 for one that is in none.
 */
void owner_name_format(char *out, size_t size, const char *host, uint64_t pid, uint64_t container,
                       const char *user);

/* The user in an owner's name; NULL when the name is not of that form.  Points into `owner`. */
const char *owner_name_user(const char *owner);

#endif
