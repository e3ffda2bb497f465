/* How wide the columns of a table are. */
#ifndef FARMLOCK_LOCKTABLE_LAYOUT_H
#define FARMLOCK_LOCKTABLE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAYOUT_GAP = 2 }; /* blanks between two columns */

#define LAYOUT_FIXED SIZE_MAX /* as `least`: it may not be made narrower at all */

struct layout_column {
    size_t width;  /* as it is wanted; 0 then: it is left out */
    size_t least;  /* it may be made as narrow as that, and narrower where nothing else is left */
    unsigned rank; /* the least is left out first; 0: it stays */
};

/* Makes columns fit into a line: the widest are made narrower; where that is not enough, the one of
 * least rank is left out first, if `may_drop`; and then they are made as narrow as one character.
 */
void layout_fit(struct layout_column *columns, size_t count, size_t line, bool may_drop);

#endif
