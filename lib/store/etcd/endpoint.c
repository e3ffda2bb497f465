/* Parses where etcd's members are.
 * Must not look anything up. */
#include "endpoint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

enum { PORT_DEFAULT = 2379 };

static const char scheme[] = "etcd:";
static const char form[] = "it is written etcd:URL[,URL...]/PREFIX, as in "
                           "etcd:https://etcd1:2379,https://etcd2:2379/farmlock/east";

static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

struct parser {
    const char *at;
    char *why;
};

/* Returns false, for parsers to return. */
static bool refuse(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(struct parser *parser, const char *format, ...)
{
    char text[ENDPOINT_WHY_SIZE];
    va_list arguments;
    size_t len;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    len = text_clean(parser->why, ENDPOINT_WHY_SIZE - sizeof form - 2, text, strlen(text));
    snprintf(parser->why + len, ENDPOINT_WHY_SIZE - len, "; %s", form);
    return false;
}

static bool skip(struct parser *parser, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(parser->at, text, len) != 0)
        return false;
    parser->at += len;
    return true;
}

static bool take_scheme(struct parser *parser, struct endpoint *endpoint)
{
    endpoint->tls = skip(parser, "https://");
    return endpoint->tls || skip(parser, "http://") ||
           refuse(parser, "'%.80s' does not begin with http:// or https://", parser->at);
}

/* What stands in front of the port: between brackets it is an address in colons. */
static bool take_host(struct parser *parser, struct endpoint *endpoint)
{
    size_t len;

    endpoint->is_ipv6 = skip(parser, "[");
    len = strspn(parser->at, endpoint->is_ipv6 ? "0123456789abcdefABCDEF:." : name_bytes);
    if (strcspn(parser->at, "@") < strcspn(parser->at, "/,"))
        return refuse(parser, "a URL has no user in it: that is told by --etcd-user");
    if (len == 0 || len >= sizeof endpoint->host)
        return refuse(parser, "there is no host in '%.80s'", parser->at);
    memcpy(endpoint->host, parser->at, len);
    endpoint->host[len] = '\0';
    parser->at += len;
    return !endpoint->is_ipv6 || skip(parser, "]") ||
           refuse(parser, "the bracket of '[%s' does not close", endpoint->host);
}

static bool take_port(struct parser *parser, struct endpoint *endpoint)
{
    char digits[sizeof "65535"] = "";
    uint64_t port;
    size_t len;

    endpoint->port = PORT_DEFAULT;
    if (!skip(parser, ":"))
        return true;
    len = strspn(parser->at, "0123456789");
    if (len < sizeof digits)
        memcpy(digits, parser->at, len);
    if (number_parse(digits, UINT16_MAX, &port) != 0 || port == 0)
        return refuse(parser, "'%.*s' is no port", (int)strcspn(parser->at, ",/"), parser->at);
    endpoint->port = (uint16_t)port;
    parser->at += len;
    return true;
}

static void write_url(struct endpoint *endpoint)
{
    const char *open = endpoint->is_ipv6 ? "[" : "", *close = endpoint->is_ipv6 ? "]" : "";
    char host[ENDPOINT_HOST_SIZE]; /* snprintf() may not read what it writes to */

    memcpy(host, endpoint->host, sizeof host);
    snprintf(endpoint->url, sizeof endpoint->url, "%s://%s%s%s:%u",
             endpoint->tls ? "https" : "http", open, host, close, endpoint->port);
}

static bool take_url(struct parser *parser, struct endpoint_list *list)
{
    struct endpoint *endpoint = &list->items[list->count];

    if (list->count == ENDPOINTS_MAX)
        return refuse(parser, "these are more than %d URLs", ENDPOINTS_MAX);
    if (!take_scheme(parser, endpoint) || !take_host(parser, endpoint) ||
        !take_port(parser, endpoint))
        return false;
    write_url(endpoint);
    if (endpoint->tls != list->items[0].tls)
        return refuse(parser,
                      "some URLs are http, some https: what goes by the former is no secret");
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i].url, endpoint->url) == 0)
            return refuse(parser, "%s stands there twice", endpoint->url);
    }
    list->count++;
    return true;
}

/* Whatever the locale takes for a letter. */
static bool is_word(char byte)
{
    return byte != '\0' && strchr(name_bytes, byte) != NULL;
}

/* All that is left: /WORD[/WORD...]. */
static bool take_prefix(struct parser *parser, struct endpoint_list *list)
{
    const char *prefix = parser->at;
    size_t len = strlen(prefix);

    if (len >= sizeof list->prefix)
        return refuse(parser, "the prefix is longer than %zu bytes", sizeof list->prefix - 1);
    for (size_t i = 0; i < len; i++) {
        if (prefix[i] == '/' ? !is_word(prefix[i + 1]) : !is_word(prefix[i]))
            return refuse(parser, "'%s' is no prefix of keys", prefix);
    }
    memcpy(list->prefix, prefix, len + 1);
    return true;
}

bool endpoint_list_is_meant(const char *state)
{
    return strncmp(state, scheme, sizeof scheme - 1) == 0;
}

static bool take_list(struct parser *parser, struct endpoint_list *list)
{
    if (!skip(parser, scheme))
        return refuse(parser, "'%.80s' names no etcd", parser->at);
    do {
        if (!take_url(parser, list))
            return false;
    } while (skip(parser, ","));
    if (*parser->at != '/')
        return *parser->at == '\0'
                   ? refuse(parser, "behind the last URL there is no prefix, which the keys of "
                                    "this farm have in common")
                   : refuse(parser, "'%.80s' is no part of a URL", parser->at);
    return take_prefix(parser, list);
}

int endpoint_list_parse(const char *state, struct endpoint_list *list, char why[ENDPOINT_WHY_SIZE])
{
    struct parser parser = {.at = state, .why = why};
    struct endpoint_list found = {.count = 0};

    if (!take_list(&parser, &found)) {
        errno = EINVAL;
        return -1;
    }
    *list = found;
    return 0;
}
