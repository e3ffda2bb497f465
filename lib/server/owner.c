/* Which claims belong to which process, and what its end means for them.
 * Must not find out whether a process has ended: owner_watch.c does. */
#include "owner.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int owner_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct owner *left = tree_entry(a, const struct owner, node);
    const struct owner *right = tree_entry(b, const struct owner, node);
    int order = compare_numbers((uint64_t)left->pid, (uint64_t)right->pid);

    if (order == 0)
        order = compare_numbers(left->start, right->start);
    if (order == 0)
        order = compare_numbers(left->boot, right->boot);
    if (order == 0)
        order = compare_numbers(left->pid_namespace, right->pid_namespace);
    if (order == 0)
        order = compare_numbers(left->answered, right->answered);
    return order != 0 ? order : strcmp(left->host, right->host);
}

uint64_t owner_hash_boot(const struct ipclocker_server *server, const char *boot)
{
    return boot != NULL ? siphash(&server->boot_key, boot, strlen(boot)) : 0;
}

struct owner owner_of_request(const struct ipclocker_server *server,
                              const struct lock_request *request)
{
    const struct lock_claimant *process = request->process;

    return (struct owner){
        .host = process->host != NULL ? process->host : "",
        .pid = (pid_t)process->pid,
        .start = process->start,
        .boot = owner_hash_boot(server, process->boot),
        .pid_namespace = process->pid_namespace,
        .answered = process->start != 0,
    };
}

struct ipclocker_server *owner_server(const struct owner *owner)
{
    return LIST_FIRST(&owner->claims)->server;
}

struct owner *owner_find(const struct ipclocker_server *server, const struct owner *probe)
{
    struct tree_node *node = tree_find(&server->owners, &probe->node);

    return node != NULL ? tree_entry(node, struct owner, node) : NULL;
}

void owner_file(struct ipclocker_server *server, struct owner *owner)
{
    tree_insert(&server->owners, &owner->node);
    owner->filed = true;
}

void owner_unfile(struct ipclocker_server *server, struct owner *owner)
{
    if (owner->filed)
        tree_remove(&server->owners, &owner->node);
    owner->filed = false;
}

struct owner *owner_create(const struct owner *like)
{
    size_t host_size = strlen(like->host) + 1;
    struct owner *owner = malloc(sizeof *owner + host_size);

    if (owner == NULL)
        return NULL;
    *owner = *like;
    owner->host = memcpy(owner->host_text, like->host, host_size);
    return owner;
}

void owner_destroy(struct owner *owner)
{
    free(owner);
}

void owner_add_claim(struct owner *owner, struct claim *claim)
{
    claim->owner = owner;
    LIST_INSERT_HEAD(&owner->claims, claim, of_owner);
}

void owner_file_or_merge(struct ipclocker_server *server, struct owner *owner)
{
    struct owner *other = owner_find(server, owner);

    if (other == NULL) {
        owner_file(server, owner);
        return;
    }
    while (!LIST_EMPTY(&owner->claims)) {
        struct claim *claim = LIST_FIRST(&owner->claims);

        LIST_REMOVE(claim, of_owner);
        owner_add_claim(other, claim);
    }
}

static void end_in_state(struct owner *owner, enum lock_request_state state, int64_t now_ms)
{
    struct claim *claim, *next;

    /* To end a request destroys its claim, and no other. */
    for (claim = LIST_FIRST(&owner->claims); claim != NULL; claim = next) {
        next = LIST_NEXT(claim, of_owner);
        if (claim->request->state == state)
            lock_table_end(claim->server->table, claim->request, LOCK_REASON_DEAD, now_ms);
    }
}

void owner_end_claims(struct owner *owner)
{
    struct ipclocker_server *server = owner_server(owner);
    int64_t now_ms = context_now_ms(server);
    struct claim *claim;

    owner->ending = true;
    /* A promise that one wait leaves must not complete another. */
    LIST_FOREACH(claim, &owner->claims, of_owner)
    {
        if (claim->request->state == LOCK_WAITING)
            lock_table_set_present(server->table, claim->request, false, now_ms);
    }
    end_in_state(owner, LOCK_WAITING, now_ms);
    end_in_state(owner, LOCK_HELD, now_ms);
}
