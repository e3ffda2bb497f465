/* An entry of the history as a line for people. */
#ifndef FARMLOCK_LOCKREPORT_ROW_LINE_H
#define FARMLOCK_LOCKREPORT_ROW_LINE_H

#include "rows.h"

void row_line_titles(const struct rows *rows);
void row_line_print(const struct rows *rows, const struct store_history *entry);

#endif
