/* Members of structs as lines of text, and back.
 * Must not know what any of them means, and not believe what it reads. */
#include "etcd_fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip_text.h"
#include "base/number.h"
#include "etcd_value.h"

/* writing */

static bool ends_line(unsigned char byte)
{
    return byte < ' ' || byte == '\\' || byte == 127;
}

static void add_text(struct buffer *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        char escaped[] = {'\\', digits[byte >> 4], digits[byte & 15]};

        if (ends_line(byte))
            buffer_add(out, escaped, sizeof escaped);
        else
            buffer_add(out, text, 1);
    }
}

static const char *text_at(const struct etcd_field *field, const void *from)
{
    return *(const char *const *)(const void *)((const char *)from + field->at);
}

/* Numbers of all kinds but COUNT fit. */
static int64_t number_at(const struct etcd_field *field, const void *from)
{
    const void *at = (const char *)from + field->at;

    switch (field->kind) {
    case ETCD_NUMBER:
        return *(const int64_t *)at;
    case ETCD_NUMBER32:
        return *(const int32_t *)at;
    case ETCD_SMALL:
        return *(const uint32_t *)at;
    case ETCD_BYTE:
        return *(const unsigned char *)at;
    case ETCD_FLAG:
        return *(const bool *)at;
    default:
        return 0;
    }
}

/* What it says, or "". */
static void format(const struct etcd_field *field, const void *from, char out[IP_TEXT_SIZE])
{
    uint64_t count;
    int64_t number = number_at(field, from);

    out[0] = '\0';
    if (field->kind == ETCD_ADDRESS) {
        ip_text_format(out, (const unsigned char *)from + field->at);
    } else if (field->kind == ETCD_COUNT) {
        count = *(const uint64_t *)(const void *)((const char *)from + field->at);
        if (count != 0)
            snprintf(out, IP_TEXT_SIZE, "%" PRIu64, count);
    } else if (number != 0) {
        snprintf(out, IP_TEXT_SIZE, "%" PRId64, number);
    }
}

void etcd_fields_write(const struct etcd_field *fields, size_t count, const void *from,
                       struct buffer *out)
{
    char number[IP_TEXT_SIZE];

    buffer_drop(out, out->len);
    buffer_add_text(out, "layout ");
    buffer_add_number(out, ETCD_VALUE_LAYOUT);
    for (size_t i = 0; i < count; i++) {
        const struct etcd_field *field = &fields[i];
        const char *text = number;

        if (field->kind == ETCD_WORD || field->kind == ETCD_TEXT)
            text = text_at(field, from);
        else
            format(field, from, number);
        if (text == NULL || (text == number && number[0] == '\0'))
            continue;
        buffer_add_text(out, "\n");
        buffer_add_text(out, field->word);
        buffer_add_text(out, " ");
        add_text(out, text);
    }
    buffer_add_text(out, "\n");
}

/* reading */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place.  A NUL would end the text, and nobody has written one. */
static bool unescape(char *text)
{
    char *out = text;

    while (*text != '\0') {
        int high, low;

        if (*text != '\\') {
            *out++ = *text++;
            continue;
        }
        high = hex_digit(text[1]);
        low = high >= 0 ? hex_digit(text[2]) : -1;
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        text += 3;
    }
    *out = '\0';
    return true;
}

static bool is_word(const char *text)
{
    return text[0] != '\0' && strpbrk(text, " \t\n\v\f\r") == NULL;
}

static bool parse_signed(const char *text, int64_t *number)
{
    uint64_t size;
    bool below = text[0] == '-';

    if (number_parse(text + below, below ? (uint64_t)1 << 63 : INT64_MAX, &size) != 0)
        return false;
    *number = below ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

static bool store_number(const struct etcd_field *field, void *at, const char *text)
{
    int64_t number;

    if (!parse_signed(text, &number) || number < field->least || number > field->most)
        return false;
    switch (field->kind) {
    case ETCD_NUMBER:
        *(int64_t *)at = number;
        return true;
    case ETCD_NUMBER32:
        *(int32_t *)at = (int32_t)number;
        return true;
    case ETCD_SMALL:
        *(uint32_t *)at = (uint32_t)number;
        return true;
    default:
        *(unsigned char *)at = (unsigned char)number;
        return true;
    }
}

/* A count without bounds may be any. */
static bool store_count(const struct etcd_field *field, uint64_t *at, const char *text)
{
    uint64_t most = field->most > 0 ? (uint64_t)field->most : UINT64_MAX;

    return number_parse(text, most, at) == 0 && *at >= (uint64_t)field->least;
}

static bool take(const struct etcd_field *field, void *into, char *text)
{
    void *at = (char *)into + field->at;

    switch (field->kind) {
    case ETCD_WORD:
    case ETCD_TEXT:
        *(const char **)at = text;
        return unescape(text) && (field->kind == ETCD_TEXT || is_word(text));
    case ETCD_COUNT:
        return store_count(field, at, text);
    case ETCD_FLAG:
        *(bool *)at = strcmp(text, "1") == 0;
        return *(bool *)at;
    case ETCD_ADDRESS:
        ip_text_parse(at, text);
        return ip_text_is_known(at);
    default:
        return store_number(field, at, text);
    }
}

int etcd_fields_refuse(int error_number, const char *word, const char **fault)
{
    *fault = word;
    errno = error_number;
    return -1;
}

/* The next line, without its end; NULL behind the last one. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = line != NULL ? strchr(line, '\n') : NULL;

    if (line == NULL || *line == '\0')
        return NULL;
    if (end != NULL)
        *end = '\0';
    *rest = end != NULL ? end + 1 : NULL;
    return line;
}

static int check_layout(char **rest, const char **fault)
{
    const char *line = next_line(rest);
    uint64_t layout;

    if (line == NULL || strncmp(line, "layout ", strlen("layout ")) != 0 ||
        number_parse(line + strlen("layout "), INT64_MAX, &layout) != 0 || layout == 0)
        return etcd_fields_refuse(EINVAL, "layout", fault);
    return layout > ETCD_VALUE_LAYOUT ? etcd_fields_refuse(ENOTSUP, "layout", fault) : 0;
}

/* The first `needed` words must be there. */
int etcd_fields_read(const struct etcd_field *fields, size_t count, unsigned needed, char *text,
                     void *into, const char **fault)
{
    char *rest = text, *line;
    uint64_t seen = 0;

    if (check_layout(&rest, fault) != 0)
        return -1;
    while ((line = next_line(&rest)) != NULL) {
        char *value = strchr(line, ' ');

        if (value == NULL)
            continue;
        *value++ = '\0';
        for (size_t i = 0; i < count; i++) {
            if (strcmp(line, fields[i].word) != 0)
                continue;
            if (!take(&fields[i], into, value))
                return etcd_fields_refuse(EINVAL, fields[i].word, fault);
            seen |= UINT64_C(1) << i;
        }
    }
    for (unsigned i = 0; i < needed; i++) {
        if ((seen >> i & 1) == 0)
            return etcd_fields_refuse(EINVAL, fields[i].word, fault);
    }
    return 0;
}
