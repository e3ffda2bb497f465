/* Strict decimal numbers.
 * Must not use locale, atoi or strtoul, which accept blanks, signs and junk. */
#include "number.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

char *number_format(char out[NUMBER_TEXT_SIZE], uint64_t number)
{
    char digits[NUMBER_TEXT_SIZE];
    size_t at = sizeof digits, len;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    len = sizeof digits - at;
    memcpy(out, digits + at, len);
    out[len] = '\0';
    return out + len;
}

int number_parse(const char *text, uint64_t max, uint64_t *value)
{
    const char *end = text;
    uint64_t result = 0;
    bool is_beyond = false;

    for (; *end >= '0' && *end <= '9'; end++) {
        is_beyond |= __builtin_mul_overflow(result, 10, &result);
        is_beyond |= __builtin_add_overflow(result, (uint64_t)(*end - '0'), &result);
    }
    if (end == text || *end != '\0') {
        errno = EINVAL;
        return -1;
    }
    if (is_beyond || result > max) {
        errno = ERANGE;
        return -1;
    }
    *value = result;
    return 0;
}

/* Reads digits from *text on and moves it behind them; a value past `max` stays above it. */
static uint64_t read_digits(const char **text, uint64_t max, size_t *count)
{
    uint64_t result = 0;

    for (*count = 0; **text >= '0' && **text <= '9'; (*text)++, (*count)++) {
        if (result <= max)
            result = result * 10 + (uint64_t)(**text - '0');
    }
    return result;
}

int number_parse_seconds(const char *text, int64_t max_ms, int64_t *value_ms)
{
    size_t whole_digits, fraction_digits = 0;
    uint64_t max = (uint64_t)max_ms;
    uint64_t result = read_digits(&text, max, &whole_digits);

    if (result > max / 1000) {
        result = max + 1;
    } else {
        result *= 1000;
    }
    if (*text == '.') {
        uint64_t unit = 100;
        int beyond = 0;

        for (text++; *text >= '0' && *text <= '9'; text++, fraction_digits++) {
            result += (uint64_t)(*text - '0') * unit;
            beyond |= unit == 0 && *text != '0';
            unit /= 10;
        }
        result += (uint64_t)beyond;
    }
    if (*text != '\0' || whole_digits + fraction_digits == 0) {
        errno = EINVAL;
        return -1;
    }
    if (result > max) {
        errno = ERANGE;
        return -1;
    }
    *value_ms = (int64_t)result;
    return 0;
}

/* Thousandths of a unit, in milliseconds. */
static int scale(int64_t thousandths, int64_t unit_ms, int64_t max_ms, int64_t *value_ms)
{
    int64_t product;

    if (__builtin_mul_overflow(thousandths, unit_ms, &product) || product > INT64_MAX - 999 ||
        (product + 999) / 1000 > max_ms) {
        errno = ERANGE;
        return -1;
    }
    *value_ms = (product + 999) / 1000;
    return 0;
}

int number_parse_time(const char *text, int64_t max_ms, int64_t *value_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char digits[32];
    size_t len = strspn(text, "0123456789.");
    int64_t thousandths;

    if (text[len] == '\0')
        return number_parse_seconds(text, max_ms, value_ms);
    for (size_t i = 0; i < sizeof units / sizeof *units && len < sizeof digits; i++) {
        if (strcmp(text + len, units[i].name) != 0)
            continue;
        memcpy(digits, text, len);
        digits[len] = '\0';
        if (number_parse_seconds(digits, INT64_MAX, &thousandths) != 0)
            return -1;
        return scale(thousandths, units[i].ms, max_ms, value_ms);
    }
    errno = EINVAL;
    return -1;
}

/* Digits and, behind them, one of the letters, which stands for its unit. */
static int parse_with_unit(const char *text, const char *letters, const uint64_t *units,
                           uint64_t max, uint64_t *value)
{
    char digits[24];
    size_t len = strspn(text, "0123456789");
    uint64_t unit = 1, count;

    if (text[len] != '\0') {
        const char *letter = strchr(letters, text[len]);

        if (letter == NULL || text[len + 1] != '\0') {
            errno = EINVAL;
            return -1;
        }
        unit = units[letter - letters];
    }
    if (len >= sizeof digits) {
        errno = ERANGE;
        return -1;
    }
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (number_parse(digits, max / unit, &count) != 0)
        return -1;
    *value = count * unit;
    return 0;
}

int number_parse_size(const char *text, uint64_t max, uint64_t *value)
{
    static const uint64_t bytes[] = {1 << 10, 1 << 20, 1 << 30, UINT64_C(1) << 40};

    return parse_with_unit(text, "KMGT", bytes, max, value);
}
