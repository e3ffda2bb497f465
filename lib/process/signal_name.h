/* Signals by name and number. */
#ifndef FARMLOCK_PROCESS_SIGNAL_NAME_H
#define FARMLOCK_PROCESS_SIGNAL_NAME_H

#include <stddef.h>

/* Finds the signal that `text` means: a number from 1 to SIGRTMAX, or a name of signal(7) in
 * either case, with or without "SIG", also "RTMIN+N" and "RTMAX-N"; all with or without a dash in
 * front.  Returns it, or -1 with errno EINVAL.
 */
int signal_name_parse(const char *text);

/* Writes a signal's name without "SIG", or its number where it has none. */
void signal_name_format(char *out, size_t size, int number);

#endif
