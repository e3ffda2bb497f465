/* Refusals of a server of version 0.1.0, which sends no codes. */
#ifndef FARMLOCK_CLIENT_OLDER_SERVER_H
#define FARMLOCK_CLIENT_OLDER_SERVER_H

#include "protocol/error_code.h"

/* The code that such a server means by the text of its error: the one place that goes by wording.
 */
enum error_code older_server_code(const char *text);

#endif
