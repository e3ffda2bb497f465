/* Comma-separated values (RFC 4180). */
#ifndef FARMLOCK_LOCKREPORT_CSV_H
#define FARMLOCK_LOCKREPORT_CSV_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints a text in quotes, what a terminal would obey made harmless. */
void csv_print_text(const char *text, FILE *out);

/* Prints a flat object as a line, or its keys as the titles. */
void csv_print_object(struct json_object *object, bool titles, FILE *out);

#endif
