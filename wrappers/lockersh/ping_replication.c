/* What a server that shares its state with others says of that, for people.
 * Must not believe that all is there: it is a stranger's. */
#include "ping_replication.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "list/member.h"

enum { SHOWN_SIZE = 300, MIB = 1024 * 1024 };

/* Of a member, harmless. */
static const char *shown(struct json_object *object, const char *key, char out[SHOWN_SIZE])
{
    const char *text = member_text(object, key);

    if (text == NULL)
        text = "?";
    text_clean(out, SHOWN_SIZE, text, strlen(text));
    return out;
}

/* The member of that name, or NULL. */
static struct json_object *part(struct json_object *object, const char *key)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(object, key, &found) ? found : NULL;
}

static void print_commits(struct json_object *replication)
{
    struct json_object *commits = part(replication, "commits");
    struct json_object *half = part(commits, "half_within"), *most = part(commits, "most_within");

    if (part(replication, "confirmed_ago") != NULL)
        printf("; confirmed %.1f s ago",
               json_object_get_double(part(replication, "confirmed_ago")));
    if (half != NULL && most != NULL)
        printf("; commits take up to %.0f ms, 1 of 100 more than %.0f",
               json_object_get_double(half) * 1000, json_object_get_double(most) * 1000);
    printf("\n");
}

static void print_standbys(struct json_object *replication)
{
    struct json_object *standbys = member_array(replication, "standbys");
    size_t count = standbys != NULL ? json_object_array_length(standbys) : 0;
    char listens[SHOWN_SIZE], version[SHOWN_SIZE], seen[SHOWN_SIZE];

    if (count == 0)
        printf("nobody is seen to stand by\n");
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(standbys, i);

        printf("standing by: %s, version %s, seen %s\n", shown(one, "listens", listens),
               shown(one, "version", version), shown(one, "seen", seen));
    }
}

static void print_etcd(struct json_object *replication)
{
    struct json_object *etcd = part(replication, "etcd");
    char version[SHOWN_SIZE], member[SHOWN_SIZE], errors[SHOWN_SIZE];

    if (etcd == NULL)
        return;
    if (member_text(etcd, "version") == NULL) {
        printf("etcd at %s does not tell how it is\n", shown(etcd, "member", member));
        return;
    }
    shown(etcd, "errors", errors);
    printf("etcd %s at %s: database %.1f of %.0f MiB; %s\n", shown(etcd, "version", version),
           shown(etcd, "member", member), json_object_get_double(part(etcd, "bytes")) / MIB,
           json_object_get_double(part(etcd, "quota_bytes")) / MIB,
           errors[0] != '\0' && strcmp(errors, "?") != 0 ? errors : "no alarm");
}

void ping_replication_print(struct json_object *replication)
{
    char listens[SHOWN_SIZE], since[SHOWN_SIZE];

    printf("%s leads since %s, term %lld", shown(replication, "listens", listens),
           shown(replication, "since", since),
           (long long)json_object_get_int64(part(replication, "term")));
    print_commits(replication);
    print_standbys(replication);
    print_etcd(replication);
}

/* "farm1" is "farm1.example.com". */
static bool is_same_place(const char *a, const char *b)
{
    size_t name_len = strcspn(a, ".:"), other_len = strcspn(b, ".:");
    const char *port = strrchr(a, ':'), *other_port = strrchr(b, ':');

    if (port == NULL || other_port == NULL || strcmp(port, other_port) != 0)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    return name_len == other_len && strncmp(a, b, name_len) == 0 &&
           (a[name_len] == ':' || b[other_len] == ':') && strspn(a, "0123456789") < name_len;
}

bool ping_replication_has_standby(struct json_object *replication, const char *host)
{
    struct json_object *standbys =
        replication != NULL ? member_array(replication, "standbys") : NULL;
    size_t count = standbys != NULL ? json_object_array_length(standbys) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *listens = member_text(json_object_array_get_idx(standbys, i), "listens");

        if (listens != NULL && is_same_place(listens, host))
            return true;
    }
    return false;
}
