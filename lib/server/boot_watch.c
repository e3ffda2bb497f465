/* Waits for hosts to boot anew and be up: until the pidstatd there answers, in another boot.
 * Must not take silence for a boot. */
#include "boot_watch.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "context.h"
#include "lock/keep.h"
#include "owner_asker.h"
#include "pidstat/asker.h"
#include "process/process.h"

struct boot_watch {
    struct tree_node node; /* in server->boots, by request */
    struct ipclocker_server *server;
    struct lock_request *request;
    struct asker_question *question;
    bool has_told; /* that its pidstatd knows no boots */
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    uintptr_t left = (uintptr_t)tree_entry(a, const struct boot_watch, node)->request;
    uintptr_t right = (uintptr_t)tree_entry(b, const struct boot_watch, node)->request;

    return (left > right) - (left < right);
}

void boot_watch_init(struct ipclocker_server *server)
{
    server->boots.compare = compare;
}

/* This machine's own boot lasts as long as the server does. */
static bool is_of_here(const char *boot)
{
    return strcmp(boot, process_boot_id()) == 0;
}

bool boot_watch_can_see(const struct ipclocker_server *server, const char *boot)
{
    return is_of_here(boot) || server->pidstat_port >= 0;
}

static void forget(struct boot_watch *watch)
{
    if (watch->question != NULL)
        pidstat_asker_cancel(watch->server->asker, watch->question);
    tree_remove(&watch->server->boots, &watch->node);
    free(watch);
}

static void tell_of_classic(struct boot_watch *watch, const struct pidstat_result *result)
{
    if (watch->has_told)
        return;
    watch->has_told = true;
    context_log(watch->server, LOG_WARNING,
                "the pidstatd on %s does not tell boots: what %s has until that host has booted "
                "is kept; run farmlock's there, or use lockersh --break",
                result->host, watch->request->owner);
}

static void on_verdict(void *context, const struct pidstat_result *result)
{
    struct boot_watch *watch = context;
    struct ipclocker_server *server = watch->server;
    struct lock_request *request = watch->request;

    if (result->state != PIDSTAT_GONE) {
        if (result->answered && result->boot == NULL)
            tell_of_classic(watch, result);
        return;
    }
    watch->question = NULL; /* it has ended with this call */
    forget(watch);
    context_log(server, LOG_NOTICE, "%s has booted anew, for which %s was kept", result->host,
                request->owner);
    lock_table_booted(server->table, request, context_now_ms(server));
}

void boot_watch_start(struct ipclocker_server *server, struct lock_request *request)
{
    struct lock_keep_state keep;
    struct boot_watch *watch;

    if (!lock_table_keep(server->table, request, &keep) || !keep.until_boot ||
        request->process->boot == NULL || is_of_here(request->process->boot))
        return;
    boot_watch_stop(server, request);
    watch = malloc(sizeof *watch);
    if (watch != NULL) {
        *watch = (struct boot_watch){.server = server, .request = request};
        tree_insert(&server->boots, &watch->node);
        watch->question = owner_asker_ask_boot(server, request, on_verdict, watch);
        if (watch->question != NULL)
            return;
        forget(watch);
    }
    context_log(server, LOG_WARNING,
                "cannot watch %s for a boot: what %s has is kept until "
                "lockersh --break",
                request->process->host, request->owner);
}

void boot_watch_stop(struct ipclocker_server *server, const struct lock_request *request)
{
    const struct boot_watch probe = {.request = (struct lock_request *)request};
    struct tree_node *node = tree_find(&server->boots, &probe.node);

    if (node != NULL)
        forget(tree_entry(node, struct boot_watch, node));
}

void boot_watch_stop_all(struct ipclocker_server *server)
{
    struct tree_node *first;

    while ((first = tree_first(&server->boots)) != NULL)
        forget(tree_entry(first, struct boot_watch, node));
}
