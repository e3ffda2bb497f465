/* What stands in a column of a table. */
#ifndef FARMLOCK_LOCKREPORT_CELL_H
#define FARMLOCK_LOCKREPORT_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/duration.h"

enum { CELL_SIZE = DURATION_TEXT_SIZE };

/* Prints a text, and blanks up to a width. */
void cell_print(const char *text, size_t columns, FILE *out);

/* Writes a length of time as people read it: "1.5s", "3m20s". */
void cell_put_length(char out[CELL_SIZE], int64_t ms);

/* Writes which part of the whole that is, "41%"; leaves it alone where the whole is nothing. */
void cell_put_part(char out[CELL_SIZE], double part, double whole);

/* A character that is as high as a part of 1. */
const char *cell_block(double part, bool utf8);

#endif
