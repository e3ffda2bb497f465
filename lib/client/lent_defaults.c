/* Clients' files that a program has read for itself.
 * Must not read or free them. */
#include "lent_defaults.h"

#include "client.h"

void client_lend_defaults(struct ipclocker *lock, const struct defaults *defaults)
{
    if (lock->defaults == NULL)
        lock->defaults = defaults;
}
