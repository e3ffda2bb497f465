/* The one strict parser for every number that comes from a command line, the environment or the
 * network: decimal digits only, no sign, no blanks, nothing behind them. */
#ifndef FARMLOCK_BASE_NUMBER_H
#define FARMLOCK_BASE_NUMBER_H

#include <stdint.h>

/* Parses all of `text` as an unsigned decimal number of at most `max`.
 * Returns 0 and writes *value; or -1 with errno and *value untouched:
 *   EINVAL  empty, or something that is not a digit
 *   ERANGE  above `max`
 */
int number_parse(const char *text, uint64_t max, uint64_t *value);

/* Parses seconds with an optional fraction ("2", "0.25", ".5") into milliseconds, rounded up so
 * that a positive time never becomes 0.  Returns and fails as number_parse() does; ERANGE beyond
 * `max_ms`.
 */
int number_parse_seconds(const char *text, int64_t max_ms, int64_t *value_ms);

/* The same of what people write: seconds, or a time with its unit behind it, as "250ms", "90s",
 * "1.5h" or "2d" (ms, s, m, h, d).
 */
int number_parse_time(const char *text, int64_t max_ms, int64_t *value_ms);

/* Parses a size such as "64K", "256M", "1G", "2T" or, without a letter, bytes; K is 1024.  Returns
 * and fails as number_parse() does.
 */
int number_parse_size(const char *text, uint64_t max, uint64_t *value);

enum { NUMBER_TEXT_SIZE = sizeof "18446744073709551615" };

/* Writes a number as number_parse() reads it, with a NUL behind it.  Returns where that is. */
char *number_format(char out[NUMBER_TEXT_SIZE], uint64_t number);

/* What a hex digit stands for, 0 to 15; -1 for any other character. */
static inline int number_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#endif
