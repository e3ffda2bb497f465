/* Making and joining settings. */
#ifndef FARMLOCK_CONFIG_NODE_H
#define FARMLOCK_CONFIG_NODE_H

#include "config.h"

/* Adds a setting to a section or list.  Returns it, valid until the next is added there; NULL with
 * errno ENOMEM. */
struct conf_node *conf_node_add(struct conf_node *parent, const char *name, enum conf_kind kind,
                                const char *text);

/* Moves all settings of a file into those of another.  What is set in both is a fault, but for
 * lists of sections, which become one.  Returns -1 with errno ENOMEM. */
int conf_node_join(struct conf_node *into, struct conf_node *from, struct conf_faults *faults);

/* Tells of sections of one list that have the same name.  Returns -1 with errno ENOMEM. */
int conf_node_check_names(const struct conf_node *list, struct conf_faults *faults);

/* Frees what is in a setting, not the setting. */
void conf_node_fini(struct conf_node *node);

#endif
