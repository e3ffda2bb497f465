/* Ranges of addresses.
 * Must not look up names: a range must not change its meaning with somebody's name server. */
#include "cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/ip_text.h"
#include "base/number.h"

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS, TEXT_SIZE = 64 };

static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

/* The address of a socket's other end, an IPv4 one mapped; false for what has none. */
static bool bytes_of(const struct sockaddr *address, unsigned char bytes[CIDR_BYTES])
{
    if (address->sa_family == AF_INET) {
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + sizeof mapped,
               &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, CIDR_BYTES);
    return true;
}

/* Clears what a range's bits leave; whether there was anything. */
static bool clear_rest(struct cidr *range)
{
    bool any = false;

    for (unsigned bit = range->bits; bit < V6_BITS; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);

        any |= (range->first[bit / 8] & mask) != 0;
        range->first[bit / 8] &= (unsigned char)~mask;
    }
    return any;
}

static int fail(char error[CIDR_ERROR_SIZE], const char *text, const char *why)
{
    snprintf(error, CIDR_ERROR_SIZE, "\"%s\" %s", text, why);
    errno = EINVAL;
    return -1;
}

static int parse(const char *text, struct cidr *range, char error[CIDR_ERROR_SIZE])
{
    char address[TEXT_SIZE], shown[IP_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    uint64_t bits, most = V6_BITS, before = 0;

    snprintf(address, sizeof address, "%.*s", (int)len, text);
    memcpy(range->first, mapped, sizeof mapped);
    if (inet_pton(AF_INET, address, range->first + sizeof mapped) == 1) {
        most = V4_BITS;
        before = MAPPED_BITS;
    } else if (inet_pton(AF_INET6, address, range->first) != 1) {
        return fail(error, text, "is no address; give numbers such as 10.0.0.0/8, not names");
    }
    bits = most;
    if (slash != NULL && number_parse(slash + 1, most, &bits) != 0)
        return fail(error, text,
                    most == V4_BITS ? "needs a number from 0 to 32 behind the slash"
                                    : "needs a number from 0 to 128 behind the slash");
    range->bits = (unsigned)(bits + before);
    if (!clear_rest(range))
        return 0;
    ip_text_format(shown, range->first);
    snprintf(error, CIDR_ERROR_SIZE, "\"%s\" has bits behind its mask; do you mean %s/%u?", text,
             shown, (unsigned)bits);
    errno = EINVAL;
    return -1;
}

static int add_one(struct cidr_list *list, const char *text, char error[CIDR_ERROR_SIZE])
{
    struct cidr range, *items;

    if (parse(text, &range, error) != 0)
        return -1;
    items = array_grow(list->items, &list->room, list->count, sizeof *items);
    if (items == NULL) {
        snprintf(error, CIDR_ERROR_SIZE, "no memory");
        return -1;
    }
    list->items = items;
    items[list->count++] = range;
    return 0;
}

int cidr_list_add(struct cidr_list *list, const char *text, char error[CIDR_ERROR_SIZE])
{
    for (;;) {
        char one[TEXT_SIZE];
        size_t len = strcspn(text, ",");

        if (snprintf(one, sizeof one, "%.*s", (int)len, text) >= (int)sizeof one)
            memcpy(one + sizeof one - 4, "...", 4);
        if (add_one(list, one, error) != 0)
            return -1;
        if (text[len] == '\0')
            return 0;
        text += len + 1;
    }
}

void cidr_list_fini(struct cidr_list *list)
{
    free(list->items);
    *list = (struct cidr_list){.items = NULL};
}

static bool has(const struct cidr *range, const unsigned char bytes[CIDR_BYTES])
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);

    return memcmp(range->first, bytes, whole) == 0 &&
           (rest == 0 || range->first[whole] == (bytes[whole] & mask));
}

bool cidr_is_loopback(const struct sockaddr *address)
{
    unsigned char bytes[CIDR_BYTES];

    return !bytes_of(address, bytes) || ip_text_is_loopback(bytes);
}

bool cidr_list_admits(const struct cidr_list *list, const struct sockaddr *address)
{
    unsigned char bytes[CIDR_BYTES];

    if (list->count == 0 || !bytes_of(address, bytes) || ip_text_is_loopback(bytes))
        return true;
    for (size_t i = 0; i < list->count; i++) {
        if (has(&list->items[i], bytes))
            return true;
    }
    return false;
}
