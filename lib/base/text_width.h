/* How much of a terminal's line a text takes.  LC_CTYPE is to be of UTF-8, as setlocale(3) or
 * text_width_use_utf8() has it. */
#ifndef FARMLOCK_BASE_TEXT_WIDTH_H
#define FARMLOCK_BASE_TEXT_WIDTH_H

#include <stddef.h>

/* Has characters known whatever the user's locale is, for a program whose output is UTF-8 in any:
 * for the whole process. */
void text_width_use_utf8(void);

/* How many columns it takes: two for the wide characters of East Asia, none for what stands over
 * others; a byte that is no character takes one. */
size_t text_width(const char *text);

/* How many bytes of it, whole characters, fit in so many columns; writes to *used how many columns
 * these take. */
size_t text_width_cut(const char *text, size_t columns, size_t *used);

#endif
