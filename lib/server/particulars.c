/* What only some connections say, in memory of its own.
 * Must not know what any of it means. */
#include "particulars.h"

#include <stdlib.h>
#include <string.h>

const struct particulars particulars_none;

struct particulars *particulars_of(struct conn *conn)
{
    struct particulars *own;

    if (conn->says != &particulars_none)
        return (struct particulars *)conn->says;
    own = calloc(1, sizeof *own);
    if (own != NULL)
        conn->says = own;
    else
        conn->fault = &refusal_no_memory;
    return own;
}

void particulars_set_process(struct conn *conn, uint64_t pid, uint64_t start)
{
    struct particulars *own;

    if ((conn->says->pid == pid && conn->says->start == start) ||
        (own = particulars_of(conn)) == NULL)
        return;
    own->pid = pid;
    own->start = start;
}

void particulars_forget_names(struct conn *conn)
{
    conn->account->name_bytes -= conn->demand.bytes;
    lock_demand_fini(&conn->demand);
}

void particulars_forget(struct conn *conn)
{
    struct particulars *own;

    if (conn->says == &particulars_none)
        return;
    own = particulars_of(conn);
    free(own->hostname);
    free(own->boot);
    free(own->job);
    free(own->project);
    free(own);
    conn->says = &particulars_none;
}

void particulars_forget_user(struct conn *conn)
{
    if (conn->user != conn->own_user)
        free(conn->user);
    conn->user = NULL;
}

int particulars_set_user(struct conn *conn, const char *user, size_t len)
{
    char *copy = len < sizeof conn->own_user ? conn->own_user : malloc(len + 1);

    if (copy == NULL)
        return -1;
    particulars_forget_user(conn);
    memcpy(copy, user, len);
    copy[len] = '\0';
    conn->user = copy;
    return 0;
}
