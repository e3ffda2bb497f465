/* Asks whether a server answers, and prints what it says of itself and of us.
 * Must not ask for a lock. */
#include "ping.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/rfc3339.h"
#include "cli/message.h"
#include "gridengine.h"
#include "list/member.h"

/* A stranger's number: it must not overflow. */
static void put_started(char since[RFC3339_SIZE], const struct ipclocker_ping_status *status)
{
    rfc3339_format(since,
                   (int64_t)(status->started < INT64_MAX / 1000 ? status->started : 0) * 1000);
}

/* Where nothing is proven, whoever says the same name is the same to the server. */
static void print_who(const struct ipclocker_ping_status *status)
{
    static const char *const how[] = {
        [IPCLOCKER_PROVEN_BY_SOCKET] = "its socket",
        [IPCLOCKER_PROVEN_BY_MUNGE] = "munge",
    };

    if (!status->knows_you)
        return;
    if (status->you.proof == IPCLOCKER_CLAIMED)
        printf("it knows you by what you claim alone\n");
    else
        printf("it knows you as uid %u, by %s\n", (unsigned)status->you.uid,
               how[status->you.proof]);
}

static void print_text(const struct ipclocker_ping_status *status)
{
    char since[RFC3339_SIZE];

    put_started(since, status);
    printf("%s answers in %.3f ms: version %s, protocol %u, up since %s%s%s\n", status->host,
           status->seconds * 1000, status->version, status->protocol, since,
           status->cluster[0] != '\0' ? ", cluster " : "", status->cluster);
    print_who(status);
}

static struct json_object *new_server(const struct ipclocker_ping_status *status)
{
    struct json_object *server = json_object_new_object();
    char since[RFC3339_SIZE];
    bool whole;

    put_started(since, status);
    whole = member_put(server, "version", member_new_text(status->version)) &&
            member_put(server, "started", json_object_new_string(since)) &&
            member_put(server, "protocol", json_object_new_int64(status->protocol));
    if (whole && status->cluster[0] != '\0')
        whole = member_put(server, "cluster", json_object_new_string(status->cluster));
    if (whole)
        return server;
    json_object_put(server);
    return NULL;
}

static struct json_object *new_you(const struct ipclocker_ping_status *status)
{
    static const char *const words[] = {
        [IPCLOCKER_CLAIMED] = "claimed",
        [IPCLOCKER_PROVEN_BY_SOCKET] = "socket",
        [IPCLOCKER_PROVEN_BY_MUNGE] = "munge",
    };
    struct json_object *you = json_object_new_object();
    bool whole = member_put(you, "proof", json_object_new_string(words[status->you.proof]));

    if (whole && status->you.proof != IPCLOCKER_CLAIMED)
        whole = member_put(you, "uid", json_object_new_int64(status->you.uid));
    if (whole)
        return you;
    json_object_put(you);
    return NULL;
}

/* Of an earlier server there is no `you`. */
static struct json_object *new_document(const struct ipclocker_ping_status *status)
{
    struct json_object *document = json_object_new_object();
    char seconds[32];
    bool whole;

    snprintf(seconds, sizeof seconds, "%.6f", status->seconds);
    whole = member_put(document, "version", json_object_new_int(1)) &&
            member_put(document, "host", member_new_text(status->host)) &&
            member_put(document, "seconds", json_object_new_double_s(status->seconds, seconds)) &&
            member_put(document, "server", new_server(status));
    if (whole && status->knows_you)
        whole = member_put(document, "you", new_you(status));
    if (whole)
        return document;
    json_object_put(document);
    return NULL;
}

static int print_json(const struct ipclocker_ping_status *status)
{
    struct json_object *document = new_document(status);

    if (document == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    puts(json_object_to_json_string_ext(document,
                                        JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(document);
    return 0;
}

int ping_print(struct ipclocker *lock, bool as_json)
{
    struct ipclocker_ping_status status;
    int result = 0;

    if (ipclocker_ping_status(lock, &status) != 0)
        return -1;
    if (as_json)
        result = print_json(&status);
    else
        print_text(&status);
    gridengine_warn();
    return result;
}
