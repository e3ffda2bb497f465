/* What is bound to a statement, and stays so.
 * Must not take a text for the same because it stands at the same place. */
#include "bound.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static uint32_t bit_of(int at)
{
    assert(at > 0 && at <= STORE_PARAMETERS);
    return UINT32_C(1) << (at - 1);
}

void store_bound_number(struct store_bound *self, int at, int64_t number)
{
    uint32_t bit = bit_of(at);

    if ((self->has_number & bit) != 0 && self->numbers[at - 1] == number)
        return;
    self->has_number &= ~bit;
    if (sqlite3_bind_int64(self->statement, at, number) == SQLITE_OK)
        self->has_number |= bit;
    self->numbers[at - 1] = number;
}

/* Whether there is something to be bound. */
static bool is_new(struct store_bound *self, int at, const void *value)
{
    uint32_t bit = bit_of(at);
    bool was_text = (self->has_text & bit) != 0;

    self->has_text = value != NULL ? self->has_text | bit : self->has_text & ~bit;
    return value != NULL || was_text;
}

void store_bound_text(struct store_bound *self, int at, const char *text)
{
    if (is_new(self, at, text))
        sqlite3_bind_text(self->statement, at, text, -1, SQLITE_STATIC);
}

void store_bound_bytes(struct store_bound *self, int at, const void *bytes, int len)
{
    if (is_new(self, at, bytes))
        sqlite3_bind_blob(self->statement, at, bytes, len, SQLITE_STATIC);
}

int store_bound_run(struct store_bound *self)
{
    int result;

    do {
        result = sqlite3_step(self->statement);
    } while (result == SQLITE_ROW);
    sqlite3_reset(self->statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

const char *store_address_text(struct store_address *self, const unsigned char ip[IP_BYTES])
{
    if (memcmp(self->ip, ip, IP_BYTES) != 0) {
        memcpy(self->ip, ip, IP_BYTES);
        ip_text_format(self->text, ip);
    }
    return self->text[0] != '\0' ? self->text : NULL;
}
