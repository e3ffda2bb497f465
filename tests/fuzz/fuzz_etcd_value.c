/* Feeds values that others may have written in etcd to those who read them, and what was read once
 * more through its writer: that must be the same.
 * Must not need an etcd. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/etcd_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union thing {
    struct store_request request;
    struct store_clock clock;
    struct store_unusable unusable;
    struct store_history history;
    const char *host;
};

static int read_thing(char kind, char *text, union thing *thing, const char **fault)
{
    switch (kind) {
    case 'r':
        return etcd_value_read_request(text, &thing->request, fault);
    case 'c':
        return etcd_value_read_clock(text, &thing->clock, fault);
    case 'u':
        return etcd_value_read_unusable(text, &thing->unusable, fault);
    case 'p':
        return etcd_value_read_history(text, &thing->history, fault);
    default:
        return etcd_value_read_host(text, &thing->host, fault);
    }
}

static void write_thing(char kind, const union thing *thing, struct buffer *out)
{
    switch (kind) {
    case 'r':
        etcd_value_write_request(&thing->request, out);
        break;
    case 'c':
        etcd_value_write_clock(&thing->clock, out);
        break;
    case 'u':
        etcd_value_write_unusable(&thing->unusable, out);
        break;
    case 'p':
        etcd_value_write_history(&thing->history, out);
        break;
    default:
        etcd_value_write_host(thing->host, out);
        break;
    }
    buffer_add(out, "", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char kind = size > 0 ? (char)data[0] : 'r', *text;
    struct buffer once = {0}, copy = {0}, twice = {0};
    union thing thing, again;
    const char *fault = NULL;

    text = calloc(size + 1, 1);
    if (text == NULL)
        return 0;
    if (size > 1)
        memcpy(text, data + 1, size - 1);
    if (read_thing(kind, text, &thing, &fault) == 0) {
        write_thing(kind, &thing, &once);
        buffer_add(&copy, once.data, once.len);
        assert(!copy.failed && read_thing(kind, copy.data, &again, &fault) == 0);
        write_thing(kind, &again, &twice);
        assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    } else {
        assert(fault != NULL && (errno == EINVAL || errno == ENOTSUP));
    }
    free(text);
    buffer_fini(&once);
    buffer_fini(&copy);
    buffer_fini(&twice);
    return 0;
}
