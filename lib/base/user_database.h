/* The system's users and groups (NSS, getpwnam_r(3), getpwuid_r(3) and getgrnam_r(3)), which may be
 * on a server that takes its time. */
#ifndef FARMLOCK_BASE_USER_DATABASE_H
#define FARMLOCK_BASE_USER_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Finds a user's own group, or a group, by name.  Returns 0 with *there, and the number where it
 * is; -1 where the database cannot say, or memory cannot be had.  May be called by any thread. */
int user_database_find_user(const char *login, gid_t *group, bool *there);
int user_database_find_group(const char *name, gid_t *id, bool *there);

/* Writes the name of a user.  Returns false where there is none that `size` bytes have room for, or
 * the database cannot say; nothing is written then.  May be called by any thread. */
bool user_database_find_login(uid_t uid, char *login, size_t size);

#endif
