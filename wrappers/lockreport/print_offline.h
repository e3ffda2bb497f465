/* What is out of use now, behind the groups of a report. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_OFFLINE_H
#define FARMLOCK_LOCKREPORT_PRINT_OFFLINE_H

#include <json-c/json.h>
#include <stdio.h>

#include "offline.h"

/* For people; nothing where there is nothing. */
void print_offline(const struct offline_list *list, FILE *out);

/* All of it, an array.  NULL without memory. */
struct json_object *print_offline_json(const struct offline_list *list);

#endif
