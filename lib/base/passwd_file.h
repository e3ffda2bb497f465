/* The system's own file of users, where that is what its database would ask first. */
#ifndef FARMLOCK_BASE_PASSWD_FILE_H
#define FARMLOCK_BASE_PASSWD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Finds a user's login name in `passwd`, a passwd(5), where `nsswitch`, an nsswitch.conf(5), has it
 * asked before anything else: so it is what getpwuid_r(3) would find, without its modules, sockets
 * and memory.
 * Returns false where it is not there, has no room, or another source may come first; then the
 * database knows more.  Writes `login` on success alone.
 */
bool passwd_file_find_login(const char *nsswitch, const char *passwd, uid_t uid, char *login,
                            size_t size);

#endif
