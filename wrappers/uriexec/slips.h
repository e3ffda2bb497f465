/* Slips in launchers that can be seen without running them. */
#ifndef FARMLOCK_URIEXEC_SLIPS_H
#define FARMLOCK_URIEXEC_SLIPS_H

/* What is wrong with a launcher through which a command would not come whole, as a clause to
 * follow its name; NULL when nothing is seen.
 */
const char *find_slip(const char *launcher);

#endif
