/* Control groups of version 2 (cgroups(7)) of a process's own: all that it starts is in there, also
 * what has left its process group and session.
 */
#ifndef FARMLOCK_PROCESS_OWN_GROUP_H
#define FARMLOCK_PROCESS_OWN_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

enum { OWN_GROUP_PATH_SIZE = 4096 };

/* Writes the folder of the calling process's group, below where cgroup2 is mounted.  False where
 * there is none. */
bool own_group_folder(char folder[OWN_GROUP_PATH_SIZE]);

/* Whether the caller may make a group below its own and enter it, as far as can be seen. */
bool own_group_can_make(const char *own);

/* Makes a group below `own`, writes its folder, and enters it.  Returns 0, or -1 with errno. */
int own_group_enter(const char *own, char folder[OWN_GROUP_PATH_SIZE]);

/* Moves the calling process out of a group that own_group_enter() has made, to the one above. */
int own_group_leave(const char *folder);

/* Removes it, if there is nothing in it; keeps errno. */
void own_group_remove(const char *folder);

/* A process in a group, or in one below, other than `except`; 0 where there is none. */
pid_t own_group_member(const char *folder, pid_t except);

#endif
