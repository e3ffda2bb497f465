/* Telling processes of one owner name apart, and which of them can see each other.
 * Must not end a request but on proof. */
#include "incarnation.h"

#include <string.h>
#include <syslog.h>

#include "context.h"
#include "owner_watch.h"

enum kinship { SAME_PROCESS, PREDECESSOR, STRANGER };

static bool is_same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static enum kinship compare(const struct lock_request *request, const struct lock_ask *ask)
{
    const struct lock_claimant *process = request->process;

    if (!request->autounlock || process->start == 0 || process->boot == NULL)
        return SAME_PROCESS;
    if (strcmp(process->boot, ask->boot) != 0 || process->pid_namespace != ask->pid_namespace ||
        process->pid != ask->pid || !is_same_text(process->host, ask->host))
        return STRANGER;
    /* The pid is the asker's now: whoever had it before has ended. */
    return process->start == ask->start ? SAME_PROCESS : PREDECESSOR;
}

bool incarnation_is_neighbour(const struct conn *conn, const struct lock_claimant *process)
{
    return is_same_text(conn->boot, process->boot) && conn->pid_namespace != 0 &&
           conn->pid_namespace == process->pid_namespace;
}

bool incarnation_is_of_another(const struct conn *conn, const struct lock_request *request)
{
    const struct lock_ask asker = {
        .host = conn->hostname,
        .pid = conn->pid,
        .start = conn->start,
        .boot = conn->boot,
        .pid_namespace = conn->pid_namespace,
    };

    return compare(request, &asker) != SAME_PROCESS;
}

bool incarnation_check(struct conn *conn, const struct lock_ask *ask)
{
    struct ipclocker_server *server = conn->server;

    if (!ask->autounlock || ask->start == 0 || ask->boot == NULL)
        return true;
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *request =
            lock_table_find(server->table, ask->owner, conn->demand.names[i]);
        enum kinship kinship = request != NULL ? compare(request, ask) : SAME_PROCESS;

        if (kinship == SAME_PROCESS)
            continue;
        if (kinship == STRANGER && request->away) {
            lock_table_end(server->table, request, LOCK_REASON_GONE, context_now_ms(server));
            continue;
        }
        if (kinship == STRANGER && !owner_watch_sees_end(request))
            return false;
        context_log(server, LOG_NOTICE, "the process that %s was before has ended: releasing",
                    ask->owner);
        lock_table_end(server->table, request, LOCK_REASON_DEAD, context_now_ms(server));
    }
    return true;
}
