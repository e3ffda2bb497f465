/* Which version of the library this is.
 * Must not depend on a handle: programs ask before they have one. */
#include "ipclocker.h"

const char *ipclocker_version(void)
{
    return IPCLOCKER_VERSION;
}
