/* Which claims belong to which process, and what its end means for them.
 * Must not find out whether a process has ended: owner_watch.c does. */
#include "owner_process.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int owner_process_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct owner_process *left = tree_entry(a, const struct owner_process, node);
    const struct owner_process *right = tree_entry(b, const struct owner_process, node);
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

uint64_t owner_process_hash_boot(const struct ipclocker_server *server, const char *boot)
{
    return boot != NULL ? siphash(&server->boot_key, boot, strlen(boot)) : 0;
}

struct owner_process owner_process_of_request(const struct ipclocker_server *server,
                                              const struct lock_request *request)
{
    const struct lock_claimant *process = request->process;

    return (struct owner_process){
        .host = process->host != NULL ? process->host : "",
        .pid = (pid_t)process->pid,
        .start = process->start,
        .boot = owner_process_hash_boot(server, process->boot),
        .pid_namespace = process->pid_namespace,
        .answered = process->start != 0,
    };
}

struct claim *owner_process_any_claim(const struct owner_process *owner)
{
    return !LIST_EMPTY(&owner->grants) ? LIST_FIRST(&owner->grants) : LIST_FIRST(&owner->waits);
}

struct ipclocker_server *owner_process_server(const struct owner_process *owner)
{
    return owner_process_any_claim(owner)->server;
}

struct owner_process *owner_process_find(const struct ipclocker_server *server,
                                         const struct owner_process *probe)
{
    struct tree_node *node = tree_find(&server->owners, &probe->node);

    return node != NULL ? tree_entry(node, struct owner_process, node) : NULL;
}

void owner_process_file(struct ipclocker_server *server, struct owner_process *owner)
{
    tree_insert(&server->owners, &owner->node);
    owner->filed = true;
}

void owner_process_unfile(struct ipclocker_server *server, struct owner_process *owner)
{
    if (owner->filed)
        tree_remove(&server->owners, &owner->node);
    owner->filed = false;
}

struct owner_process *owner_process_create(const struct owner_process *like)
{
    size_t host_size = strlen(like->host) + 1;
    struct owner_process *owner = malloc(sizeof *owner + host_size);

    if (owner == NULL)
        return NULL;
    *owner = *like;
    owner->host = memcpy(owner->host_text, like->host, host_size);
    return owner;
}

void owner_process_destroy(struct owner_process *owner)
{
    free(owner);
}

void owner_process_set_step(struct ipclocker_server *server, struct owner_process *owner,
                            enum owner_end_step step)
{
    TAILQ_REMOVE(&server->ending[owner->step], owner, in_ending);
    owner->step = step;
    TAILQ_INSERT_TAIL(&server->ending[step], owner, in_ending);
}

void owner_process_add_claim(struct owner_process *owner, struct claim *claim)
{
    bool waits = claim->request->state == LOCK_WAITING;

    claim->owner = owner;
    LIST_INSERT_HEAD(waits ? &owner->waits : &owner->grants, claim, of_owner);
    if (waits && owner->ending)
        owner_process_set_step(claim->server, owner, OWNER_END_MARKS);
}

void owner_process_note_grant(struct claim *claim)
{
    if (claim->owner == NULL)
        return;
    LIST_REMOVE(claim, of_owner);
    LIST_INSERT_HEAD(&claim->owner->grants, claim, of_owner);
}

void owner_process_file_or_merge(struct ipclocker_server *server, struct owner_process *owner)
{
    struct owner_process *other = owner_process_find(server, owner);
    struct claim *claim;

    if (other == NULL) {
        owner_process_file(server, owner);
        return;
    }
    while ((claim = owner_process_any_claim(owner)) != NULL) {
        LIST_REMOVE(claim, of_owner);
        owner_process_add_claim(other, claim);
    }
}
