/* Which machine this is, and which boot of it, across restarts of a program. */
#ifndef FARMLOCK_PROCESS_BOOT_H
#define FARMLOCK_PROCESS_BOOT_H

#include <stdint.h>

enum { BOOT_TEXT_SIZE = 512 };

/* Writes one line of words that tell this machine and boot from others: machine-id(5), host name,
 * boot id; "-" for what is not known.
 */
void boot_describe(char text[BOOT_TEXT_SIZE]);

/* Whether an earlier description proves that its boot is over: the same machine has booted again
 * since.  A host name alone proves nothing, as two machines can have one.  Returns the id of the
 * boot that is over, which points into `earlier`; NULL when that is not proven.
 */
const char *boot_ended(const char *earlier, const char *now);

/* Milliseconds since this machine has booted, suspended or not, the same for all of its containers:
 * CLOCK_BOOTTIME without what a time namespace (time_namespaces(7)) adds to it, and that alone.
 */
int64_t boot_clock_ms(void);
int64_t boot_clock_offset_ms(void);

#endif
