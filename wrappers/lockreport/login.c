/* Asks this machine who a uid is.
 * Must not keep what it says. */
#include "login.h"

#include <pwd.h>
#include <string.h>

char *login_of(uint32_t uid)
{
    const struct passwd *user = getpwuid(uid);

    return user != NULL ? strdup(user->pw_name) : NULL;
}
