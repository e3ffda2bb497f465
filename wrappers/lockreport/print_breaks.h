/* The locks that were broken, behind the groups of a report. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_BREAKS_H
#define FARMLOCK_LOCKREPORT_PRINT_BREAKS_H

#include <json-c/json.h>
#include <stdio.h>

#include "breaks.h"

/* For people: the last of them, and how many there were before; nothing where there are none. */
void print_breaks(const struct break_list *breaks, FILE *out);

/* All of them, an array.  NULL without memory. */
struct json_object *print_breaks_json(const struct break_list *breaks);

#endif
