/* The list of servers and its text form.
 * Must not connect to anything, nor resolve names. */
#include "hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "connection.h"
#include "error.h"
#include "lookup.h"
#include "net/port.h"

struct host_list {
    struct client_host *hosts;
    size_t count, room;
};

void client_hosts_free(struct client_host *hosts, size_t count)
{
    for (size_t i = 0; i < count && hosts != NULL; i++)
        free(hosts[i].name);
    free(hosts);
}

static int bad_hosts(struct ipclocker *lock, const char *text, const char *what)
{
    char shown[80];

    text_clean(shown, sizeof shown, text, strlen(text));
    return client_error_set(lock, EINVAL, "%s in the list of hosts \"%s\"", what, shown);
}

static int add_host(struct ipclocker *lock, struct host_list *list, const char *name, size_t len,
                    bool is_path)
{
    struct client_host *hosts = array_grow(list->hosts, &list->room, list->count, sizeof *hosts);
    struct client_host *host;

    if (hosts == NULL)
        return client_error_set(lock, ENOMEM, "out of memory");
    list->hosts = hosts;
    host = &hosts[list->count];
    *host = (struct client_host){.name = strndup(name, len), .is_path = is_path};
    if (host->name == NULL)
        return client_error_set(lock, ENOMEM, "out of memory");
    list->count++;
    return 0;
}

/* The length of a host's name at `at`, and in *start where it begins; 0 when there is none. */
static size_t find_name(const char *at, const char **start)
{
    const char *end;

    *start = at;
    if (*at != '[')
        return strcspn(at, *at == '/' ? ": \t" : "=:,[ \t");
    *start = at + 1;
    end = strchr(at, ']');
    return end == NULL ? 0 : (size_t)(end - *start);
}

/* What was taken for a host is the port of the one before, or of none. */
static int bad_digits(struct ipclocker *lock, const struct host_list *list, const char *digits,
                      size_t len)
{
    const struct client_host *before = list->count > 0 ? &list->hosts[list->count - 1] : NULL;
    bool is_ipv6 = before != NULL && !before->is_path && strchr(before->name, ':') != NULL;
    char shown[80];

    text_clean(shown, sizeof shown, digits, len);
    return client_error_set(lock, EINVAL, "\"%s\" is no host; a port goes behind =: %s%.*s%s=%s",
                            shown, is_ipv6 ? "[" : "", CLIENT_NAME_MAX,
                            before != NULL ? before->name : "HOST", is_ipv6 ? "]" : "", shown);
}

/* Reads "=PORT" at *at, if it is there, and moves behind it. */
static int read_port(struct ipclocker *lock, const char **at, const char *text, uint16_t *port)
{
    char name[64];
    size_t len;

    if (**at != '=')
        return 0;
    (*at)++;
    len = strcspn(*at, ":, \t");
    if (len >= sizeof name)
        return bad_hosts(lock, text, "no port");
    memcpy(name, *at, len);
    name[len] = '\0';
    *at += len;
    return port_parse(name, "tcp", port) == 0 ? 0 : bad_hosts(lock, text, "no port");
}

/* Reads one entry at *at and moves behind it and its separator. */
static int read_host(struct ipclocker *lock, struct host_list *list, const char *text,
                     const char **at)
{
    const char *name;
    size_t len = find_name(*at, &name);

    if (len == 0)
        return bad_hosts(lock, text, "no name (an IPv6 address goes into brackets)");
    if (len > (name[0] == '/' ? sizeof((struct sockaddr_un *)0)->sun_path - 1 : CLIENT_NAME_MAX))
        return bad_hosts(lock, text, "a name that is too long");
    if (name == *at && strspn(name, "0123456789") >= len)
        return bad_digits(lock, list, name, len);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
            return bad_hosts(lock, text, "a blank or control character");
    }
    if (add_host(lock, list, name, len, name[0] == '/') != 0)
        return -1;
    *at = name + len + (name != *at ? 1 : 0);
    if (read_port(lock, at, text, &list->hosts[list->count - 1].port) != 0)
        return -1;
    if (**at != '\0' && strchr(":, \t", **at) == NULL)
        return bad_hosts(lock, text, "no separator behind a name");
    *at += strspn(*at, " \t");
    if (**at == ':' || **at == ',') {
        (*at)++;
        *at += strspn(*at, " \t");
        if (**at == '\0')
            return bad_hosts(lock, text, "no name behind the last colon or comma");
    }
    return 0;
}

static int parse_hosts(struct ipclocker *lock, const char *text, struct host_list *list)
{
    struct in6_addr address;
    const char *at = text + strspn(text, " \t");

    if (*at == '\0')
        return bad_hosts(lock, text, "no name");
    if (inet_pton(AF_INET6, text, &address) == 1)
        return add_host(lock, list, text, strlen(text), false);
    while (*at != '\0') {
        if (read_host(lock, list, text, &at) != 0)
            return -1;
    }
    return 0;
}

/* Puts a new list in the place of the old one; the connection belonged to that. */
static void take_hosts(struct ipclocker *lock, struct host_list list)
{
    client_connection_close(lock);
    client_lookup_end(lock);
    client_hosts_free(lock->set.hosts, lock->set.host_count);
    lock->set.hosts = list.hosts;
    lock->set.host_count = list.count;
    lock->place.preferred_host = 0;
    lock->place.home_host = SIZE_MAX;
    lock->place.silent_until_ms = 0;
    lock->place.is_hasty = false;
    lock->place.told_second = false;
    lock->place.told_foreign = lock->place.told_alone = false;
    lock->round.host_step = 0;
    lock->round.at.host = 0;
}

int ipclocker_set_hosts(struct ipclocker *lock, const char *hosts)
{
    struct host_list list = {0};

    if (lock->call.operation != NULL)
        return client_error_set(lock, EALREADY, "a lock is being got already");
    if (parse_hosts(lock, hosts, &list) != 0) {
        int saved_errno = errno;

        client_hosts_free(list.hosts, list.count);
        errno = saved_errno;
        return -1;
    }
    take_hosts(lock, list);
    if (lock->set.family == IPCLOCKER_FAMILY_UNIX)
        lock->set.family = IPCLOCKER_FAMILY_ANY;
    return 0;
}

char *ipclocker_host(struct ipclocker *lock, size_t index)
{
    const struct client_host *host = lock->set.hosts + index;
    struct buffer text = {0};
    bool is_ipv6;

    if (index >= lock->set.host_count) {
        client_error_set(lock, ERANGE, "there are %zu servers", lock->set.host_count);
        return NULL;
    }
    is_ipv6 = !host->is_path && strchr(host->name, ':') != NULL;
    buffer_add_text(&text, is_ipv6 ? "[" : "");
    buffer_add_text(&text, host->name);
    buffer_add_text(&text, is_ipv6 ? "]" : "");
    if (host->port != 0) {
        buffer_add_text(&text, "=");
        buffer_add_number(&text, host->port);
    }
    buffer_add(&text, "", 1);
    if (!text.failed)
        return text.data;
    buffer_fini(&text);
    client_error_set(lock, ENOMEM, "out of memory");
    return NULL;
}

int ipclocker_set_path(struct ipclocker *lock, const char *path)
{
    struct host_list list = {0};
    size_t len = strlen(path);

    if (lock->call.operation != NULL)
        return client_error_set(lock, EALREADY, "a lock is being got already");
    if (len == 0)
        return client_error_set(lock, EINVAL, "the path of the socket is empty");
    if (len >= sizeof((struct sockaddr_un *)0)->sun_path)
        return client_error_set(lock, ENAMETOOLONG,
                                "the path of the socket has more than %zu bytes",
                                sizeof((struct sockaddr_un *)0)->sun_path - 1);
    if (add_host(lock, &list, path, len, true) != 0) {
        free(list.hosts);
        return -1;
    }
    take_hosts(lock, list);
    lock->set.family = IPCLOCKER_FAMILY_UNIX;
    return 0;
}

int ipclocker_set_port(struct ipclocker *lock, const char *port)
{
    char shown[80];

    if (port_parse(port, "tcp", &lock->set.port) == 0)
        return 0;
    text_clean(shown, sizeof shown, port, strlen(port));
    return client_error_set(
        lock, EINVAL, "\"%s\" is no port; use a number from 1 to 65535 or a service name", shown);
}

int ipclocker_set_family(struct ipclocker *lock, enum ipclocker_family family)
{
    if (family == IPCLOCKER_FAMILY_UNIX && lock->set.family != IPCLOCKER_FAMILY_UNIX)
        return client_error_set(lock, EINVAL, "a UNIX socket needs a path");
    lock->set.family = family;
    return 0;
}

const struct client_host *client_hosts_current(const struct ipclocker *lock)
{
    return &lock->set.hosts[lock->round.at.host];
}

void client_hosts_describe(const struct ipclocker *lock, const struct client_host *host, char *out,
                           size_t out_size)
{
    char name[280];
    unsigned port = host->port != 0 ? host->port : lock->set.port;

    text_clean(name, sizeof name, host->name, strlen(host->name));
    if (host->is_path)
        snprintf(out, out_size, "%s", name);
    else if (strchr(name, ':') != NULL)
        snprintf(out, out_size, "[%s]:%u", name, port);
    else
        snprintf(out, out_size, "%s:%u", name, port);
}
