/* Compares words letter by letter.
 * Must not know what the words are for. */
#include "likeness.h"

#include <stdint.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t likeness_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LIKENESS_LEN_MAX + 1];

    if (a_len > LIKENESS_LEN_MAX || b_len > LIKENESS_LEN_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

size_t likeness_limit(size_t len)
{
    return len < 2 ? 0 : len / 3 + 1;
}
