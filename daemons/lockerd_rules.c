/* Hands pools from the configuration to the server.
 * Must not know what a rule means. */
#include "lockerd_rules.h"

#include "server/pool_setup.h"

static bool asks_later;

void lockerd_rules_ask_later(void)
{
    asks_later = true;
}

struct rules *lockerd_rules_read(const struct conf_node *root, struct conf_faults *faults)
{
    struct rules *rules = rules_read(root, faults);
    size_t before = faults->count;

    if (rules != NULL && !asks_later)
        rules_check_system_groups(rules, faults);
    if (faults->count == before)
        return rules;
    rules_free(rules);
    return NULL;
}

static void release(void *context)
{
    rules_free(context);
}

int lockerd_rules_apply(struct rules *rules, struct ipclocker_server *server)
{
    const struct pool_setup setup = {
        .config = rules_pools(rules), .release = release, .context = rules};

    if (ipclocker_server_set_pools(server, &setup) == 0)
        return 0;
    rules_free(rules);
    return -1;
}
