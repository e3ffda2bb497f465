/* Compares texts with numbers in them.
 * Must not read a number into one: there is no limit to its digits. */
#include "natural_order.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Compares the numbers that both begin with, and moves both behind them. */
static int compare_numbers(const char **a, const char **b)
{
    size_t len_a, len_b;
    int order;

    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    len_a = digits(*a);
    len_b = digits(*b);
    if (len_a != len_b)
        return len_a < len_b ? -1 : 1;
    order = memcmp(*a, *b, len_a);
    *a += len_a;
    *b += len_b;
    return order;
}

int natural_order_compare(const char *a, const char *b)
{
    const char *at = a, *other = b;

    while (*at != '\0' && *other != '\0') {
        int order;

        if (digits(at) > 0 && digits(other) > 0)
            order = compare_numbers(&at, &other);
        else
            order = (unsigned char)*at++ - (unsigned char)*other++;
        if (order != 0)
            return order;
    }
    if (*at != *other)
        return *at == '\0' ? -1 : 1;
    return strcmp(a, b);
}
