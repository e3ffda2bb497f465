/* Names of uids, remembered.
 * Must not ask for one itself: a thread does. */
#include "auth_login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_worker.h"

enum { LOGINS_MAX = 20000 };

struct login {
    struct tree_node node;
    uint32_t uid;
    bool is_known;
    char name[AUTH_LOGIN_SIZE]; /* "" until it is known, and where there is none */
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    uint32_t left = tree_entry(a, const struct login, node)->uid;
    uint32_t right = tree_entry(b, const struct login, node)->uid;

    return (left > right) - (left < right);
}

static struct login *find(struct ipclocker_server *server, uint32_t uid)
{
    const struct login probe = {.uid = uid};
    struct tree_node *node;

    server->logins.compare = compare;
    node = tree_find(&server->logins, &probe.node);
    return node != NULL ? tree_entry(node, struct login, node) : NULL;
}

static struct login *add(struct ipclocker_server *server, uint32_t uid)
{
    struct login *login =
        tree_count(&server->logins) < LOGINS_MAX ? calloc(1, sizeof *login) : NULL;

    if (login == NULL)
        return NULL;
    login->uid = uid;
    tree_insert(&server->logins, &login->node);
    return login;
}

static void ask(struct ipclocker_server *server, uint32_t uid)
{
    struct auth_job *job = auth_job_create(AUTH_JOB_LOGIN);

    if (job == NULL)
        return;
    job->proof.uid = uid;
    auth_worker_submit(server, job);
}

const char *auth_login_of(struct ipclocker_server *server, uint32_t uid)
{
    const struct login *login = find(server, uid);

    if (login != NULL)
        return login->name[0] != '\0' ? login->name : NULL;
    if (add(server, uid) != NULL)
        ask(server, uid);
    return NULL;
}

bool auth_login_is_awaited(struct ipclocker_server *server, uint32_t uid)
{
    const struct login *login;

    auth_login_of(server, uid);
    login = find(server, uid);
    return login != NULL && !login->is_known;
}

void auth_login_note(struct ipclocker_server *server, uint32_t uid, const char *name)
{
    struct login *login = find(server, uid);

    if (login == NULL)
        login = add(server, uid);
    if (login == NULL)
        return;
    login->is_known = true;
    snprintf(login->name, sizeof login->name, "%s", name);
}

void auth_login_fini(struct ipclocker_server *server)
{
    struct tree_node *first;

    while ((first = tree_first(&server->logins)) != NULL) {
        tree_remove(&server->logins, first);
        free(tree_entry(first, struct login, node));
    }
}
