/* What stands in a column of a table.
 * Must not clean a name: whoever has it does. */
#include "cell.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text_width.h"

void cell_print(const char *name, size_t columns, FILE *out)
{
    size_t used = text_width(name);

    fprintf(out, "%s%*s", name, used < columns ? (int)(columns - used) : 0, "");
}

void cell_put_length(char out[CELL_SIZE], int64_t ms)
{
    if (ms < 10000)
        snprintf(out, CELL_SIZE, "%" PRId64 ".%" PRId64 "s", ms / 1000, ms % 1000 / 100);
    else
        duration_format(out, ms / 1000, DURATION_SHORT);
}

void cell_put_part(char out[CELL_SIZE], double part, double whole)
{
    if (whole > 0)
        snprintf(out, CELL_SIZE, "%.0f%%", 100 * part / whole);
}

const char *cell_block(double part, bool utf8)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    size_t level = part <= 0 ? 0 : part >= 1 ? 8 : (size_t)(part * 8 + 0.5);

    /* A little use is not none. */
    if (part > 0 && level == 0)
        level = 1;
    return utf8 ? blocks[level] : ascii[level];
}
