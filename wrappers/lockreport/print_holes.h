/* What is missing in the history that a report is made of. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_HOLES_H
#define FARMLOCK_LOCKREPORT_PRINT_HOLES_H

#include <json-c/json.h>
#include <stdio.h>

#include "holes.h"

/* For people, a line each behind `before`; nothing where there is nothing. */
void print_holes(const struct hole_list *list, const char *before, FILE *out);

/* On standard error, for output that has no place for it. */
void print_holes_beside(const struct hole_list *list);

/* All of it, an array.  NULL without memory. */
struct json_object *print_holes_json(const struct hole_list *list);

#endif
