/* Pools, their rules and groups of users, as a configuration file has them: the settings `pools`,
 * `groups` and `unknown-names` of lockerd.conf(5).
 */
#ifndef FARMLOCK_RULES_H
#define FARMLOCK_RULES_H

#include <stdio.h>

#include "config/config.h"
#include "lock/pools.h"

struct rules;

/* The names of these settings, NULL behind the last. */
extern const char *const rules_settings[];

/* Reads them; without any there are no pools.  Returns what they say, which has nothing of the
 * configuration's, for rules_free(); NULL when there was a fault, of which all that were found have
 * been told. */
struct rules *rules_read(const struct conf_node *root, struct conf_faults *faults);
void rules_free(struct rules *rules);

/* The same as the lock table takes it; lives as long as the rules. */
const struct pools_config *rules_pools(const struct rules *rules);

/* Whether any group of the system is named. */
bool rules_name_system_groups(const struct rules *rules);

/* Tells of groups of the system that are named and that it does not have.  Asks the group database
 * (NSS), and blocks for as long as that does; where it cannot be asked, nothing is said. */
void rules_check_system_groups(const struct rules *rules, struct conf_faults *faults);

/* Prints how they were understood, each line with "# " before it and where it was found. */
void rules_print(const struct rules *rules, FILE *out);

#endif
