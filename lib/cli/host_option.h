/* The argument of an option that names one host. */
#ifndef FARMLOCK_CLI_HOST_OPTION_H
#define FARMLOCK_CLI_HOST_OPTION_H

/* Whether a text can be a host's name or address: no port behind it, and more than digits, which
 * are a port or a process that stands in the wrong place.  `option` is its name without dashes.
 * Returns 0, or EX_USAGE after a complaint.
 */
int host_option_check(const char *program, const char *option, const char *host);

#endif
