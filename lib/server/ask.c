/* What a connection asks the lock table for.
 * Must not ask it. */
#include "ask.h"

#include "context.h"
#include "process/process.h"

void ask_identify(const struct ipclocker_server *server, struct lock_ask *ask)
{
    if (ask->boot != NULL || ask->host == NULL || ask->pid == 0 ||
        !context_is_own_host(server, ask->host))
        return;
    ask->start = process_start_time((pid_t)ask->pid);
    if (ask->start == 0)
        return;
    ask->boot = process_boot_id();
    ask->pid_namespace = process_pid_namespace();
    ask->is_found = true;
}
