/* Telling processes of one owner name apart, and which of them can see each other.
 * Must not end a request but on proof. */
#include "incarnation.h"

#include <string.h>
#include <syslog.h>

#include "context.h"
#include "owner_watch.h"

static bool is_same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_text_told(const char *known, const char *told)
{
    return known == NULL || is_same_text(known, told);
}

static bool is_number_told(uint64_t known, uint64_t told)
{
    return known == 0 || known == told;
}

/* Another server than the one that has looked may stand where it cannot, as one of several with one
 * state does: there the process tells what it has told before. */
static bool tells_what_it_told(const struct lock_claimant *known, const struct lock_ask *ask)
{
    return known->is_found && ask->start == 0 && ask->pid_namespace == 0 && ask->boot == NULL;
}

bool incarnation_is_told_again(const struct lock_claimant *known, const struct lock_ask *ask)
{
    if (tells_what_it_told(known, ask))
        return known->pid == ask->pid && is_text_told(known->host, ask->host);
    return is_number_told(known->pid, ask->pid) && is_number_told(known->start, ask->start) &&
           is_number_told(known->pid_namespace, ask->pid_namespace) &&
           is_text_told(known->host, ask->host) && is_text_told(known->boot, ask->boot);
}

/* The pid is the asker's now: whoever had it before has ended. */
static bool is_predecessor(const struct lock_claimant *known, const struct lock_ask *ask)
{
    return known->start != 0 && ask->start != 0 && known->start != ask->start &&
           known->pid == ask->pid && known->pid_namespace == ask->pid_namespace &&
           is_same_text(known->boot, ask->boot) && is_same_text(known->host, ask->host);
}

bool incarnation_is_neighbour(const struct conn *conn, const struct lock_claimant *process)
{
    return is_same_text(conn->says->boot, process->boot) && conn->says->pid_namespace != 0 &&
           conn->says->pid_namespace == process->pid_namespace;
}

bool incarnation_is_former(const struct lock_ask *ask, const struct lock_request *request)
{
    bool is_claimed = request->asker.proof == LOCK_CLAIMED;

    if (is_claimed && request->away)
        return true;
    /* Where we can look ourselves, nobody's word is needed. */
    return (is_claimed && request->autounlock && ask->autounlock &&
            !owner_watch_can_look(request) && is_predecessor(request->process, ask)) ||
           (request->autounlock && owner_watch_sees_end(request));
}

bool incarnation_end_former(struct conn *conn, const struct lock_ask *ask,
                            struct lock_request *request)
{
    struct ipclocker_server *server = conn->server;

    if (!incarnation_is_former(ask, request))
        return false;
    if (request->asker.proof == LOCK_CLAIMED && request->away) {
        lock_table_end(server->table, request, LOCK_REASON_GONE, context_now_ms(server));
        return true;
    }
    context_log(server, LOG_NOTICE, "the process that %s was before has ended: releasing",
                ask->owner);
    lock_table_end(server->table, request, LOCK_REASON_DEAD, context_now_ms(server));
    return true;
}
