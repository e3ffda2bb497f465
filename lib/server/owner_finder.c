/* The server's finder of processes in containers of its host.
 * Must not end anything, nor look into /proc for those of its own pid namespace.
 */
#include "owner_finder.h"

#include <limits.h>
#include <stdlib.h>

#include "process/process.h"

/* The pids of one process, and when it started. */
struct inner_owner {
    pid_t outside, inside;
    uint64_t inside_start;
};

static bool is_inner(const char *boot, uint64_t pid, uint64_t start, uint64_t pid_namespace)
{
    return start != 0 && pid > 0 && pid <= INT_MAX &&
           inner_process_is_here(pid_namespace, boot, process_pid_namespace());
}

bool owner_finder_can_find(const struct lock_claimant *process)
{
    return is_inner(process->boot, process->pid, process->start, process->pid_namespace);
}

void owner_finder_note(struct claim *claim, const struct conn *conn)
{
    const struct inner_process inner = {.pid = (pid_t)conn->says->pid,
                                        .start = conn->says->start,
                                        .pid_namespace = conn->says->pid_namespace};
    pid_t pid;

    owner_finder_forget(claim);
    if (!is_inner(conn->says->boot, conn->says->pid, conn->says->start, conn->says->pid_namespace))
        return;
    pid = auth_peer_pid(conn->fd);
    if (pid <= 0 || inner_process_match(&inner, pid) < INNER_LIKELY)
        return;
    claim->inner = malloc(sizeof *claim->inner);
    if (claim->inner != NULL)
        *claim->inner =
            (struct inner_owner){.outside = pid, .inside = inner.pid, .inside_start = inner.start};
}

void owner_finder_forget(struct claim *claim)
{
    free(claim->inner);
    claim->inner = NULL;
}

pid_t owner_finder_noted(const struct claim *claim)
{
    const struct lock_claimant *process = claim->request->process;

    const struct inner_owner *inner = claim->inner;

    return inner != NULL && (uint64_t)inner->inside == process->pid &&
                   inner->inside_start == process->start && owner_finder_can_find(process)
               ? inner->outside
               : 0;
}

struct finder_search *owner_finder_start(struct ipclocker_server *server,
                                         const struct lock_claimant *process, finder_fn *function,
                                         void *context)
{
    const struct inner_process inner = {.pid = (pid_t)process->pid,
                                        .start = process->start,
                                        .pid_namespace = process->pid_namespace};

    if (server->finder == NULL)
        server->finder = finder_create(server->base);
    return server->finder != NULL ? finder_start(server->finder, &inner, function, context) : NULL;
}

void owner_finder_fini(struct ipclocker_server *server)
{
    finder_destroy(server->finder);
    server->finder = NULL;
}
