/* What is kept in etcd of one thing, as text.
 * Must not believe a value: etcd has other users, and other versions write there. */
#include "etcd_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip_text.h"
#include "base/number.h"
#include "lock/pools.h"
#include "row.h"

#define TIME_MOST (INT64_C(1) << 60)

enum kind {
    WORD,     /* text without white space, or NULL */
    TEXT,     /* without what ends lines */
    COUNT,    /* uint64_t, all of them */
    NUMBER,   /* int64_t, from least to most */
    NUMBER32, /* int32_t, likewise */
    SMALL,    /* uint32_t, likewise */
    BYTE,     /* unsigned char, likewise */
    FLAG,     /* bool */
    PAST,     /* an enum, likewise */
    ADDRESS,  /* of 16 bytes, see base/ip_text.h */
};

struct field {
    const char *word;
    enum kind kind;
    size_t at;
    int64_t least, most;
};

#define OF(type_, word_, kind_, member_, ...)                                                \
    {                                                                                        \
        .word = (word_), .kind = (kind_), .at = offsetof(struct type_, member_), __VA_ARGS__ \
    }

#define REQUEST(word_, kind_, member_, ...) OF(store_request, word_, kind_, member_, __VA_ARGS__)

static const struct field request_fields[] = {
    REQUEST("ticket", COUNT, ticket, .least = 1, .most = STORE_COUNT_MAX),
    REQUEST("token", COUNT, token, .most = STORE_COUNT_MAX),
    REQUEST("owner", WORD, owner, 0),
    REQUEST("demand", TEXT, demand, 0),
    REQUEST("host", WORD, host, 0),
    REQUEST("boot", WORD, boot, 0),
    REQUEST("job", WORD, job, 0),
    REQUEST("login", WORD, login, 0),
    REQUEST("project", WORD, project, 0),
    REQUEST("priority", NUMBER32, priority, .least = -POOL_PRIORITY_MOST,
            .most = POOL_PRIORITY_MOST),
    REQUEST("pid", COUNT, pid, .most = INT32_MAX),
    REQUEST("start", COUNT, start, 0),
    REQUEST("pid-namespace", COUNT, pid_namespace, 0),
    REQUEST("autounlock", FLAG, autounlock, 0),
    REQUEST("away", FLAG, away, 0),
    REQUEST("asked", NUMBER, asked_ms, .most = TIME_MOST),
    REQUEST("granted", NUMBER, granted_ms, .most = TIME_MOST),
    REQUEST("hold", NUMBER, hold_ms, .most = TIME_MOST),
    REQUEST("deadline", NUMBER, deadline_ms, .most = INT64_MAX),
    REQUEST("lost-after", SMALL, lost_after_s, .most = UINT32_MAX),
    REQUEST("keep", NUMBER, keep.keep_ms, .most = TIME_MOST),
    REQUEST("keep-until", NUMBER, keep.until_ms, .least = INT64_MIN, .most = TIME_MOST),
    REQUEST("until-boot", FLAG, keep.until_boot, 0),
    REQUEST("uid", SMALL, asker.uid, .most = UINT32_MAX - INT64_C(1)),
    REQUEST("proof", BYTE, asker.proof, .most = LOCK_PROVEN_BY_MUNGE),
    REQUEST("peer", ADDRESS, asker.peer, 0),
    REQUEST("key", COUNT, asker.key[0], 0),
    REQUEST("key-2", COUNT, asker.key[1], 0),
};

/* Of a clock the boot is an array. */
struct clock_text {
    const char *boot;
    int64_t base_ms, seen_ms, keep_until_ms;
};

static const struct field clock_fields[] = {
    OF(clock_text, "boot", WORD, boot, 0),
    OF(clock_text, "base", NUMBER, base_ms, .least = -TIME_MOST, .most = TIME_MOST),
    OF(clock_text, "seen", NUMBER, seen_ms, .most = TIME_MOST),
    OF(clock_text, "keep-until", NUMBER, keep_until_ms, .most = TIME_MOST),
};

static const struct field unusable_fields[] = {
    OF(store_unusable, "kind", PAST, kind, .least = STORE_OFFLINE, .most = STORE_OUTSIDE),
    OF(store_unusable, "name", WORD, name, 0),
    OF(store_unusable, "seats", SMALL, seats, .least = 1, .most = UINT32_MAX),
    OF(store_unusable, "until", NUMBER, until_ms, .most = INT64_MAX),
    OF(store_unusable, "reason", TEXT, reason, 0),
};

struct host_text {
    const char *host;
};

static const struct field host_fields[] = {OF(host_text, "host", TEXT, host, 0)};

#define COUNT_OF(fields_) (sizeof(fields_) / sizeof *(fields_))

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

static const char *text_at(const struct field *field, const void *from)
{
    return *(const char *const *)(const void *)((const char *)from + field->at);
}

/* Numbers of all kinds but COUNT fit. */
static int64_t number_at(const struct field *field, const void *from)
{
    const void *at = (const char *)from + field->at;

    switch (field->kind) {
    case NUMBER:
        return *(const int64_t *)at;
    case NUMBER32:
        return *(const int32_t *)at;
    case SMALL:
        return *(const uint32_t *)at;
    case PAST:
        return (int64_t) * (const enum store_unusable_kind *)at;
    case BYTE:
        return *(const unsigned char *)at;
    case FLAG:
        return *(const bool *)at;
    default:
        return 0;
    }
}

/* What it says, or "". */
static void format(const struct field *field, const void *from, char out[IP_TEXT_SIZE])
{
    uint64_t count;
    int64_t number = number_at(field, from);

    out[0] = '\0';
    if (field->kind == ADDRESS) {
        ip_text_format(out, (const unsigned char *)from + field->at);
    } else if (field->kind == COUNT) {
        count = *(const uint64_t *)(const void *)((const char *)from + field->at);
        if (count != 0)
            snprintf(out, IP_TEXT_SIZE, "%" PRIu64, count);
    } else if (number != 0) {
        snprintf(out, IP_TEXT_SIZE, "%" PRId64, number);
    }
}

static void write_fields(const struct field *fields, size_t count, const void *from,
                         struct buffer *out)
{
    char number[IP_TEXT_SIZE];

    buffer_drop(out, out->len);
    buffer_add_text(out, "layout ");
    buffer_add_number(out, ETCD_VALUE_LAYOUT);
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        const char *text = number;

        if (field->kind == WORD || field->kind == TEXT)
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

void etcd_value_write_request(const struct store_request *request, struct buffer *out)
{
    write_fields(request_fields, COUNT_OF(request_fields), request, out);
}

void etcd_value_write_clock(const struct store_clock *clock, struct buffer *out)
{
    const struct clock_text text = {clock->boot[0] != '\0' ? clock->boot : NULL, clock->base_ms,
                                    clock->seen_ms, clock->keep_until_ms};

    write_fields(clock_fields, COUNT_OF(clock_fields), &text, out);
}

void etcd_value_write_unusable(const struct store_unusable *unusable, struct buffer *out)
{
    write_fields(unusable_fields, COUNT_OF(unusable_fields), unusable, out);
}

void etcd_value_write_host(const char *host, struct buffer *out)
{
    const struct host_text text = {host};

    write_fields(host_fields, COUNT_OF(host_fields), &text, out);
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

static bool store_number(const struct field *field, void *at, const char *text)
{
    int64_t number;

    if (!parse_signed(text, &number) || number < field->least || number > field->most)
        return false;
    switch (field->kind) {
    case NUMBER:
        *(int64_t *)at = number;
        return true;
    case NUMBER32:
        *(int32_t *)at = (int32_t)number;
        return true;
    case SMALL:
        *(uint32_t *)at = (uint32_t)number;
        return true;
    case PAST:
        *(enum store_unusable_kind *)at = (enum store_unusable_kind)number;
        return true;
    default:
        *(unsigned char *)at = (unsigned char)number;
        return true;
    }
}

/* A count without bounds may be any. */
static bool store_count(const struct field *field, uint64_t *at, const char *text)
{
    uint64_t most = field->most > 0 ? (uint64_t)field->most : UINT64_MAX;

    return number_parse(text, most, at) == 0 && *at >= (uint64_t)field->least;
}

static bool take(const struct field *field, void *into, char *text)
{
    void *at = (char *)into + field->at;

    switch (field->kind) {
    case WORD:
    case TEXT:
        *(const char **)at = text;
        return unescape(text) && (field->kind == TEXT || is_word(text));
    case COUNT:
        return store_count(field, at, text);
    case FLAG:
        *(bool *)at = strcmp(text, "1") == 0;
        return *(bool *)at;
    case ADDRESS:
        ip_text_parse(at, text);
        return ip_text_is_known(at);
    default:
        return store_number(field, at, text);
    }
}

static int refuse(int error_number, const char *word, const char **fault)
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
        return refuse(EINVAL, "layout", fault);
    return layout > ETCD_VALUE_LAYOUT ? refuse(ENOTSUP, "layout", fault) : 0;
}

/* The first `needed` words must be there. */
static int read_fields(const struct field *fields, size_t count, unsigned needed, char *text,
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
                return refuse(EINVAL, fields[i].word, fault);
            seen |= UINT64_C(1) << i;
        }
    }
    for (unsigned i = 0; i < needed; i++) {
        if ((seen >> i & 1) == 0)
            return refuse(EINVAL, fields[i].word, fault);
    }
    return 0;
}

/* Who is not known is nobody: never the user 0. */
static void settle_asker(struct lock_asker *asker)
{
    if (asker->proof < LOCK_PROVEN_BY_SOCKET)
        asker->uid = 0;
}

int etcd_value_read_request(char *text, struct store_request *request, const char **fault)
{
    struct store_request read = {0};

    if (read_fields(request_fields, COUNT_OF(request_fields), 1, text, &read, fault) != 0)
        return -1;
    if (read.owner == NULL || read.demand == NULL)
        return refuse(EINVAL, read.owner == NULL ? "owner" : "demand", fault);
    settle_asker(&read.asker);
    *request = read;
    return 0;
}

int etcd_value_read_clock(char *text, struct store_clock *clock, const char **fault)
{
    struct clock_text read = {0};

    if (read_fields(clock_fields, COUNT_OF(clock_fields), 0, text, &read, fault) != 0)
        return -1;
    *clock = (struct store_clock){
        .base_ms = read.base_ms, .seen_ms = read.seen_ms, .keep_until_ms = read.keep_until_ms};
    snprintf(clock->boot, sizeof clock->boot, "%s", read.boot != NULL ? read.boot : "");
    return 0;
}

int etcd_value_read_unusable(char *text, struct store_unusable *unusable, const char **fault)
{
    struct store_unusable read = {0};

    if (read_fields(unusable_fields, COUNT_OF(unusable_fields), 0, text, &read, fault) != 0)
        return -1;
    if (read.name == NULL || read.seats == 0)
        return refuse(EINVAL, read.name == NULL ? "name" : "seats", fault);
    *unusable = read;
    return 0;
}

int etcd_value_read_host(char *text, const char **host, const char **fault)
{
    struct host_text read = {0};

    if (read_fields(host_fields, COUNT_OF(host_fields), 1, text, &read, fault) != 0)
        return -1;
    *host = read.host;
    return 0;
}
