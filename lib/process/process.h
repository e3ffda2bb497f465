/* Process identity on this host: does a process still exist, and is it still the same one? */
#ifndef FARMLOCK_PROCESS_PROCESS_H
#define FARMLOCK_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidstat.h"

/* Says what became of the process `pid` that started at `start`, as process_start_time() told it;
 * a `start` of 0 asks about whatever process has the pid now.  A zombie is gone.  PIDSTAT_UNKNOWN
 * comes only with a start, where /proc hides it (hidepid, see proc(5)) or is another pid
 * namespace's.  The id of a thread is that of something that exists; a process exists until its
 * last thread has ended. Does not block, keeps errno.
 */
enum pidstat_state process_lookup(pid_t pid, uint64_t start);

/* The start time of a process in clock ticks since boot, field 22 of /proc/PID/stat (proc(5)).
 * Returns 0 when it cannot be told: no such process, a zombie, or hidden.
 */
uint64_t process_start_time(pid_t pid);

/* Opens a descriptor, close-on-exec, that polls readable when the process ends (pidfd_open(2)).
 * Returns -1 with errno
 *   ESRCH   it has ended already, or the pid is another process's now
 *   EPERM   whether it is the same process cannot be seen
 *   ENOSYS  this kernel has no pidfd: poll process_lookup() instead
 *   EINVAL, ENOENT  the id of a thread, not of a process: poll process_lookup() instead
 *   EMFILE, ENFILE, ENOMEM  as pidfd_open(2)
 */
int process_open(pid_t pid, uint64_t start);

/* True when the process behind a descriptor of process_open() has ended, reaped or not. */
bool process_has_ended(int fd);

/* True while a process group (credentials(7)) has a member that is no zombie and that started
 * before `before`, in clock ticks since boot: one that the group had when it was last looked at,
 * so that its number cannot have become another group's meanwhile.  Reads all of /proc.
 */
bool process_group_has_member(pid_t group, uint64_t before);

/* The time now as process_start_time() counts it. */
uint64_t process_clock(void);

/* Identifies this boot of this kernel, 36 characters from /proc/sys/kernel/random/boot_id; "-"
 * where it cannot be read.  The string lives as long as the program.
 */
const char *process_boot_id(void);

/* True when the boot in which the process `pid` started at `start` ran is over, and the process
 * with it: `boot`, as process_boot_id() told it then, is not this one.  A process that goes by just
 * that pid and start (not 0) is the one, whatever the id: systemd-nspawn(1) lays an id of its own
 * over the kernel's, which a unit with ProtectKernelTunables= (systemd.exec(5)) does not see.
 */
bool process_ended_with_boot(pid_t pid, uint64_t start, const char *boot);

/* The inode number of this process's pid namespace (pid_namespaces(7)): only where it and the
 * boot id agree do two pids speak of the same process.  0 where it cannot be read.
 */
uint64_t process_pid_namespace(void);

/* True for a pid namespace of process_pid_namespace() that is not the one a machine starts with: a
 * container's, whose pids mean other processes outside.  False for 0.
 */
bool process_namespace_is_container(uint64_t pid_namespace);

#endif
