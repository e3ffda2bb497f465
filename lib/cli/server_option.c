/* Takes --host and --port to the client library.
 * Must not ask a server. */
#include "server_option.h"

#include <stddef.h>
#include <sysexits.h>

#include "message.h"

int server_option_use(const char *program, struct ipclocker *lock, const char *host,
                      const char *port)
{
    ipclocker_set_connect_tries(lock, 1);
    if ((host == NULL || ipclocker_set_hosts(lock, host) == 0) &&
        (port == NULL || ipclocker_set_port(lock, port) == 0))
        return 0;
    return cli_error(program, EX_USAGE, "%s", ipclocker_error(lock));
}
