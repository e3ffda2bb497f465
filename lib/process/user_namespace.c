/* Reads which uids there are.
 * Must not know what a uid may do. */
#include "user_namespace.h"

#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "base/words.h"
#include "proc_file.h"

/* The kernel takes 340 ranges at most. */
enum { MAP_SIZE = 340 * 40, USUAL_OVERFLOW = 65534 };

/* So many uids from one on, as they are here and outside. */
struct range {
    uint64_t inside, outside, count;
};

/* Cuts the next range off a map. */
static bool next_range(char **map, struct range *range)
{
    uint64_t *const fields[] = {&range->inside, &range->outside, &range->count};

    for (size_t i = 0; i < 3; i++) {
        const char *word = words_next(map);

        if (word == NULL || number_parse(word, UINT32_MAX, fields[i]) != 0)
            return false;
    }
    return true;
}

static ssize_t read_map(char text[MAP_SIZE])
{
    return proc_file_read("/proc/self/uid_map", text, MAP_SIZE);
}

bool user_namespace_has(uid_t uid)
{
    char text[MAP_SIZE], *rest = text;
    struct range range;

    if (read_map(text) < 0)
        return true;
    while (next_range(&rest, &range)) {
        if (uid >= range.inside && uid - range.inside < range.count)
            return true;
    }
    return false;
}

bool user_namespace_is_whole(void)
{
    char text[MAP_SIZE], *rest = text;
    struct range range;

    return read_map(text) >= 0 && next_range(&rest, &range) && range.inside == 0 &&
           range.outside == 0 && range.count == UINT32_MAX;
}

uid_t user_namespace_overflow(void)
{
    char text[32], *rest = text;
    uint64_t uid = USUAL_OVERFLOW;
    const char *word;

    if (proc_file_read("/proc/sys/kernel/overflowuid", text, sizeof text) > 0 &&
        (word = words_next(&rest)) != NULL)
        number_parse(word, UINT32_MAX, &uid);
    return (uid_t)uid;
}
