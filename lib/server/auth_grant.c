/* An index of grants that have keys, by token.
 * Must not outlive the requests that it points to. */
#include "auth_grant.h"

#include <stdlib.h>

struct grant {
    struct tree_node node;
    uint64_t token;
    const struct lock_request *request;
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    uint64_t left = tree_entry(a, const struct grant, node)->token;
    uint64_t right = tree_entry(b, const struct grant, node)->token;

    return (left > right) - (left < right);
}

static struct grant *find(const struct ipclocker_server *server, uint64_t token)
{
    const struct grant probe = {.token = token};
    struct tree_node *node =
        server->grants.root != NULL ? tree_find(&server->grants, &probe.node) : NULL;

    return node != NULL ? tree_entry(node, struct grant, node) : NULL;
}

static bool has_key(const struct lock_request *request)
{
    return (request->asker.key[0] | request->asker.key[1]) != 0 && !request->asker.is_fresh;
}

void auth_grant_note(struct ipclocker_server *server, struct lock_request *request)
{
    struct grant *grant;

    if (request->state != LOCK_HELD || !has_key(request) || find(server, request->token) != NULL)
        return;
    /* Without it, a proof by this key fails, and the owner has to prove itself. */
    grant = malloc(sizeof *grant);
    if (grant == NULL)
        return;
    *grant = (struct grant){.token = request->token, .request = request};
    server->grants.compare = compare;
    tree_insert(&server->grants, &grant->node);
}

static void drop(struct ipclocker_server *server, struct grant *grant)
{
    tree_remove(&server->grants, &grant->node);
    free(grant);
}

void auth_grant_forget(struct ipclocker_server *server, const struct lock_request *request)
{
    struct grant *grant = has_key(request) ? find(server, request->token) : NULL;

    if (grant != NULL)
        drop(server, grant);
}

const struct lock_request *auth_grant_find(const struct ipclocker_server *server, uint64_t token)
{
    const struct grant *grant = find(server, token);

    return grant != NULL ? grant->request : NULL;
}

void auth_grant_note_all(struct ipclocker_server *server, const struct lock_table *table)
{
    const struct lock_seat *seat = NULL;
    struct tree_node *first;

    while ((first = tree_first(&server->grants)) != NULL)
        drop(server, tree_entry(first, struct grant, node));
    while (table != NULL && (seat = lock_table_next_held(table, seat)) != NULL)
        auth_grant_note(server, seat->request);
}
