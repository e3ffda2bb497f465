/* Lists of users, hosts, projects and seats in a configuration. */
#ifndef FARMLOCK_RULES_PEOPLE_H
#define FARMLOCK_RULES_PEOPLE_H

#include "reading.h"

/* Each reads a text or a list of texts; one without any is a fault. */

/* Logins, "group:NAME" and "unix:NAME". */
void people_users(struct reading *reading, const struct conf_node *node, struct pool_list *list);

/* Names with brackets, "cad[01-20]", of hosts and seats. */
void people_hosts(struct reading *reading, const struct conf_node *node, struct pool_list *list);

/* Projects and jobs: words that are no groups. */
void people_words(struct reading *reading, const struct conf_node *node, struct pool_list *list);

/* "group:NAME" and "unix:NAME" only. */
void people_groups(struct reading *reading, const struct conf_node *node, struct pool_list *list);

/* A section of users, hosts and projects. */
void people_who(struct reading *reading, const struct conf_node *node, struct pool_who *who);

#endif
