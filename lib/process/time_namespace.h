/* What a time namespace (time_namespaces(7)) makes of times since boot. */
#ifndef FARMLOCK_PROCESS_TIME_NAMESPACE_H
#define FARMLOCK_PROCESS_TIME_NAMESPACE_H

#include <stdint.h>

/* What this process's adds to CLOCK_BOOTTIME, in nanoseconds; 0 in that which a machine starts
 * with.
 */
int64_t time_namespace_boot_offset_ns(void);

/* A start time as this process reads it in field 22 of /proc/PID/stat (proc(5)), in clock ticks, to
 * which the kernel has added that, as readers outside have it.  0 where it cannot be told exactly:
 * the offset is not one of whole ticks, or not known.
 */
uint64_t time_namespace_start_outside(uint64_t start);

#endif
