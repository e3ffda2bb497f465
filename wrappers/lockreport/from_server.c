/* A report from a running server.
 * Must not speak its protocol: the client library does. */
#include "from_server.h"

#include <errno.h>

_Static_assert((int)STORE_PAST_HOLD == (int)IPCLOCKER_PAST_HOLD &&
                   (int)STORE_PAST_REFUSED == (int)IPCLOCKER_PAST_REFUSED &&
                   (int)STORE_PAST_LEFT == (int)IPCLOCKER_PAST_LEFT,
               "the kinds have the same order");

static int add_row(void *context, const struct ipclocker_history_row *row)
{
    const struct store_history entry = {
        .past = (enum store_past)row->past,
        .lock = row->locks,
        .owner = row->owner,
        .host = row->host,
        .job = row->job,
        .pid = row->pid,
        .token = row->token,
        .asked_ms = row->asked_ms,
        .granted_ms = row->granted_ms,
        .ended_ms = row->ended_ms,
    };

    return report_add(context, &entry);
}

int from_server_read(struct report *report, struct ipclocker *lock, char error[REPORT_ERROR_SIZE])
{
    int saved_errno;

    /* Somebody looks on: what is wrong is said at once. */
    ipclocker_set_connect_tries(lock, 1);
    if (ipclocker_history(lock, report_since_ms(report), report_until_ms(report), add_row,
                          report) == 0)
        return 0;
    saved_errno = errno;
    snprintf(error, REPORT_ERROR_SIZE, "%s", ipclocker_error(lock));
    errno = saved_errno;
    return -1;
}
