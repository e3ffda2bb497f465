/* Asks whether a server answers, and prints what it says of itself, of others and of us.
 * Must not ask for a lock. */
#include "ping.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "apply.h"
#include "base/rfc3339.h"
#include "cli/message.h"
#include "gridengine.h"
#include "list/member.h"
#include "ping_replication.h"

/* What is found out, one behind the other. */
struct finding {
    struct ipclocker_ping_status status;
    struct json_object *replication; /* NULL: it stands alone */
    struct json_object *hosts;       /* what the others in its list answer; NULL: there are none */
};

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

static void print_server(const struct ipclocker_ping_status *status)
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
static struct json_object *new_document(const struct finding *finding)
{
    const struct ipclocker_ping_status *status = &finding->status;
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
    if (whole && finding->replication != NULL)
        whole = member_put(document, "replication", json_object_get(finding->replication));
    if (whole && finding->hosts != NULL)
        whole = member_put(document, "hosts", json_object_get(finding->hosts));
    if (whole)
        return document;
    json_object_put(document);
    return NULL;
}

static int print_json(const struct finding *finding)
{
    struct json_object *document = new_document(finding);

    if (document == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    puts(json_object_to_json_string_ext(document,
                                        JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(document);
    return 0;
}

static struct json_object *find_replication(struct ipclocker *lock)
{
    char *text = ipclocker_replication_json(lock);
    struct json_object *found = text != NULL ? member_parse(text) : NULL;

    free(text);
    if (found != NULL && json_object_is_type(found, json_type_object))
        return found;
    json_object_put(found);
    return NULL;
}

/* the others in the list */

static struct json_object *new_host(struct ipclocker *asking, bool answers,
                                    const struct ipclocker_ping_status *status,
                                    struct json_object *replication)
{
    bool is_seen = !answers && ping_replication_has_standby(replication, status->host);
    struct json_object *host = json_object_new_object();
    bool whole = member_put(host, "host", member_new_text(status->host)) &&
                 member_put(host, "answers", json_object_new_boolean(answers));

    if (whole && answers)
        whole = member_put(host, "server", new_server(status));
    if (whole && !answers)
        whole = member_put(host, "stands_by", json_object_new_boolean(is_seen)) &&
                member_put(host, "error", member_new_text(ipclocker_error(asking)));
    if (whole)
        return host;
    json_object_put(host);
    return NULL;
}

/* The one that has answered is in the list, too. */
static bool ask_host(const struct lockersh_options *options, const char *name,
                     struct finding *finding)
{
    struct ipclocker *asking = ipclocker_create();
    struct ipclocker_ping_status status;
    bool done = asking != NULL && apply_options(options, asking) == 0 &&
                ipclocker_set_hosts(asking, name) == 0,
         answers;

    if (done) {
        answers = ipclocker_ping_status(asking, &status) == 0;
        if (strcmp(status.host, finding->status.host) != 0)
            done = member_append(finding->hosts,
                                 new_host(asking, answers, &status, finding->replication));
    }
    ipclocker_destroy(asking);
    return done;
}

/* One at a time, so that each says for itself what it does. */
static bool ask_others(struct ipclocker *lock, const struct lockersh_options *options,
                       struct finding *finding)
{
    char *name = ipclocker_host(lock, 1);
    bool whole = true;

    if (name == NULL)
        return true;
    free(name);
    finding->hosts = json_object_new_array();
    for (size_t i = 0; whole && (name = ipclocker_host(lock, i)) != NULL; i++) {
        whole = ask_host(options, name, finding);
        free(name);
    }
    return whole;
}

/* Whether it is of another cluster than the one that answered first, or of none. */
static bool is_alone(struct json_object *host, const struct ipclocker_ping_status *status)
{
    struct json_object *server = NULL;
    const char *cluster;

    if (!json_object_object_get_ex(host, "server", &server))
        return false;
    cluster = member_text(server, "cluster");
    return cluster == NULL || strcmp(cluster, status->cluster) != 0;
}

static void print_host(struct json_object *host, const struct ipclocker_ping_status *status)
{
    const char *name = member_text(host, "host"), *error = member_text(host, "error");
    struct json_object *found = NULL;

    if (error == NULL && is_alone(host, status))
        printf("%s answers, too, and shares no state with %s: each grants what the other has "
               "granted\n",
               name, status->host);
    else if (error == NULL)
        printf("%s answers, too\n", name);
    else if (json_object_object_get_ex(host, "stands_by", &found) && json_object_get_boolean(found))
        printf("%s stands by\n", name);
    else
        printf("%s does not serve: it stands by, or does not answer (%s)\n", name, error);
}

static void print_text(const struct finding *finding)
{
    print_server(&finding->status);
    if (finding->replication != NULL)
        ping_replication_print(finding->replication);
    for (size_t i = 0; finding->hosts != NULL && i < json_object_array_length(finding->hosts); i++)
        print_host(json_object_array_get_idx(finding->hosts, i), &finding->status);
}

int ping_print(struct ipclocker *lock, const struct lockersh_options *options)
{
    struct finding finding = {0};
    bool is_shared, whole = true;
    int result = 0;

    if (ipclocker_ping_status(lock, &finding.status) != 0)
        return -1;
    is_shared = finding.status.cluster[0] != '\0';
    if (is_shared) {
        finding.replication = find_replication(lock);
        whole = ask_others(lock, options, &finding);
    }
    if (!whole)
        result = cli_error("lockersh", EX_OSERR, "out of memory");
    else if (options->json)
        result = print_json(&finding);
    else
        print_text(&finding);
    json_object_put(finding.replication);
    json_object_put(finding.hosts);
    gridengine_warn();
    return result;
}
