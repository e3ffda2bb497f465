/* Who is in which group.
 * Must not ask the user database in the loop: a thread does. */
#include "membership.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "system_groups.h"

enum {
    LOGINS_MAX = 20000,
    FRESH_S = 300, /* then it is asked for anew, and what was known counts until that is known */
};

struct member {
    struct tree_node node;
    TAILQ_ENTRY(member) in_line; /* while is_asked, but for the first, which a thread asks for */
    bool is_asked, is_in_line;
    bool *is_in; /* which of the system's groups; NULL: it is not known */
    time_t known_s;
    char login[];
};

static const struct pools_config no_pools;

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct member, node)->login,
                  tree_entry(b, const struct member, node)->login);
}

static struct member *find(const struct memberships *all, const char *login)
{
    const struct tree_node *node = all->members.root;

    while (node != NULL) {
        struct member *member = tree_entry(node, struct member, node);
        int order = strcmp(login, member->login);

        if (order == 0)
            return member;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static void forget(struct memberships *all, struct member *member)
{
    tree_remove(&all->members, &member->node);
    if (member->is_in_line)
        TAILQ_REMOVE(&all->line, member, in_line);
    free(member->is_in);
    free(member);
}

/* All of them, or those that nobody waits for. */
static void forget_many(struct memberships *all, bool asked_too)
{
    struct tree_node *node = tree_first(&all->members), *next;

    for (; node != NULL; node = next) {
        struct member *member = tree_entry(node, struct member, node);

        next = tree_next(&all->members, node);
        if (asked_too || !member->is_asked)
            forget(all, member);
    }
}

static struct member *add(struct memberships *all, const char *login)
{
    size_t size = strlen(login) + 1;
    struct member *member;

    if (tree_count(&all->members) >= LOGINS_MAX)
        forget_many(all, false);
    if (tree_count(&all->members) >= LOGINS_MAX || size > AUTH_LOGIN_SIZE)
        return NULL;
    member = calloc(1, sizeof *member + size);
    if (member == NULL)
        return NULL;
    memcpy(member->login, login, size);
    tree_insert(&all->members, &member->node);
    return member;
}

/* One at a time: the other threads are for proofs, which names that anybody can make up must not
 * hold up. */
static void ask_next(struct ipclocker_server *server)
{
    struct memberships *all = &server->pools.memberships;
    struct member *member = TAILQ_FIRST(&all->line);
    struct auth_job *job;

    if (member == NULL || all->is_asking)
        return;
    TAILQ_REMOVE(&all->line, member, in_line);
    member->is_in_line = false;
    job = auth_job_create(AUTH_JOB_GROUPS);
    if (job != NULL) {
        memcpy(job->login, member->login, strlen(member->login) + 1);
        job->groups = system_groups_share(all->system);
        all->is_asking = auth_worker_submit(server, job) == 0;
    }
    member->is_asked = all->is_asking;
}

static void ask(struct ipclocker_server *server, struct member *member)
{
    struct memberships *all = &server->pools.memberships;

    if (member->is_asked)
        return;
    member->is_asked = member->is_in_line = true;
    TAILQ_INSERT_TAIL(&all->line, member, in_line);
    ask_next(server);
}

static void take(struct member *member, bool *is_in)
{
    free(member->is_in);
    member->is_in = is_in;
    member->known_s = context_monotonic_s();
}

/* The entry of a login, for which all that can be done is done; NULL when there cannot be one. */
static struct member *look_up(struct ipclocker_server *server, const char *login)
{
    struct memberships *all = &server->pools.memberships;
    struct member *member = find(all, login);
    bool *is_in;

    if (member == NULL)
        member = add(all, login);
    if (member == NULL)
        return NULL;
    if (member->is_in == NULL && !server->serving) {
        is_in = system_groups_of(all->system, login);
        if (is_in != NULL)
            take(member, is_in);
    } else if (member->is_in == NULL || context_monotonic_s() - member->known_s >= FRESH_S) {
        ask(server, member);
    }
    return member;
}

static bool has_system_groups(const struct memberships *all)
{
    return all->system != NULL && system_groups_count(all->system) > 0;
}

bool membership_is_awaited(struct ipclocker_server *server, const char *login)
{
    const struct member *member;

    if (login == NULL || !has_system_groups(&server->pools.memberships) ||
        strlen(login) >= AUTH_LOGIN_SIZE)
        return false;
    member = look_up(server, login);
    return member == NULL || member->is_in == NULL;
}

const char *const *membership_of(struct ipclocker_server *server, const char *login, size_t *count)
{
    struct memberships *all = &server->pools.memberships;
    const struct member *member;
    size_t found = 0;

    *count = 0;
    if (login == NULL || all->config == NULL)
        return NULL;
    member = has_system_groups(all) ? look_up(server, login) : NULL;
    for (size_t i = 0;
         member != NULL && member->is_in != NULL && i < system_groups_count(all->system); i++) {
        if (member->is_in[i])
            all->in[found++] = system_groups_name(all->system, i);
    }
    *count = pools_config_memberships(all->config, login, all->in, found, all->names);
    return all->names;
}

void membership_note(struct ipclocker_server *server, struct auth_job *job)
{
    struct memberships *all = &server->pools.memberships;
    struct member *member = find(all, job->login);

    all->is_asking = false;
    if (member != NULL && !member->is_in_line) {
        member->is_asked = false;
        if (job->groups == all->system && job->is_in != NULL) {
            take(member, job->is_in);
            job->is_in = NULL;
            all->has_news = true;
        }
    }
    ask_next(server);
}

bool membership_has_news(struct ipclocker_server *server)
{
    bool has_news = server->pools.memberships.has_news;

    server->pools.memberships.has_news = false;
    return has_news;
}

/* Who had the configuration read anew may have changed groups before. */
static void make_stale(struct memberships *all)
{
    struct tree_node *node = tree_first(&all->members);

    for (; node != NULL; node = tree_next(&all->members, node))
        tree_entry(node, struct member, node)->known_s = -FRESH_S;
}

int membership_use(struct ipclocker_server *server, const struct pools_config *config)
{
    struct memberships *all = &server->pools.memberships;
    const struct system_groups *system = system_groups_create(config != NULL ? config : &no_pools);
    size_t count = system != NULL ? system_groups_count(system) : 0;
    const char **names =
        calloc(2 * count + (config != NULL ? config->group_count : 0) + 1, sizeof *names);

    if (system == NULL || names == NULL) {
        system_groups_release(system);
        free(names);
        return -1;
    }
    if (all->members.compare == NULL) {
        all->members.compare = compare;
        TAILQ_INIT(&all->line);
    }
    if (all->system != NULL && system_groups_are_same(system, all->system)) {
        system_groups_release(system);
        make_stale(all);
    } else {
        forget_many(all, true);
        system_groups_release(all->system);
        all->system = system;
    }
    free(all->in);
    all->in = names;
    all->names = names + count;
    all->config = config;
    return 0;
}

void membership_fini(struct ipclocker_server *server)
{
    struct memberships *all = &server->pools.memberships;

    forget_many(all, true);
    system_groups_release(all->system);
    free(all->in);
}
