/* In which order the hosts of the list are tried: first the one that answered last, then the others
 * as they are listed, last one that is left out.
 * Must not change within a round. */
#include "order.h"

size_t client_order_step(const struct ipclocker *lock, size_t host)
{
    const struct client_round *round = &lock->round;

    if (host == round->first_host)
        return 0;
    if (host == round->left_out)
        return lock->set.host_count - 1;
    return host + 1 - (host > round->first_host) - (host > round->left_out);
}

size_t client_order_host(const struct ipclocker *lock, size_t step)
{
    size_t host = 0;

    while (client_order_step(lock, host) != step)
        host++;
    return host;
}
