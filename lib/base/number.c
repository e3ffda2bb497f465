/* Strict decimal numbers.
 * Must not use locale, atoi or strtoul, which accept blanks, signs and junk. */
#include "number.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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

int number_parse_duration(const char *text, uint64_t max_s, uint64_t *value_s)
{
    static const char letters[] = "smhd";
    static const uint64_t seconds[] = {1, 60, 3600, 86400};
    char digits[24];
    size_t len = strspn(text, "0123456789");
    uint64_t unit = 1, value;

    if (text[len] != '\0') {
        const char *letter = strchr(letters, text[len]);

        if (letter == NULL || text[len + 1] != '\0') {
            errno = EINVAL;
            return -1;
        }
        unit = seconds[letter - letters];
    }
    if (len >= sizeof digits) {
        errno = ERANGE;
        return -1;
    }
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (number_parse(digits, max_s / unit, &value) != 0)
        return -1;
    *value_s = value * unit;
    return 0;
}
