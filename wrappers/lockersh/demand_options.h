/* Options of lockersh that say which locks are wanted, as functions of its table of options. */
#ifndef FARMLOCK_LOCKERSH_DEMAND_OPTIONS_H
#define FARMLOCK_LOCKERSH_DEMAND_OPTIONS_H

/* Each takes the argument of the option of its name into a struct lockersh_options, that of
 * --shared being NULL.  Returns 0, or the status to exit with after saying what is wrong.
 */
int demand_options_take_lock(void *context, const char *names);
int demand_options_take_and(void *context, const char *names);
int demand_options_take_count(void *context, const char *text);
int demand_options_take_shared(void *context, const char *nothing);
int demand_options_take_spread(void *context, const char *nothing);

/* Whether the argument of an option can be names of locks: it has no white space.  Returns 0, or
 * EX_USAGE after a complaint. */
int demand_options_check_name(const char *option, const char *names);

#endif
