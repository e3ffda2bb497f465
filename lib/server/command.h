/* What the lines of a client mean. */
#ifndef FARMLOCK_SERVER_COMMAND_H
#define FARMLOCK_SERVER_COMMAND_H

#include "server.h"

/* Does what a line says.  `line` has no newline, ends with a NUL and is modified. */
void command_run(struct conn *conn, char *line);

/* Whether a line, of `len` bytes and without an end, may be handled while a LOCK before it waits.
 */
bool command_is_urgent(const struct conn *conn, const char *line, size_t len);

#endif
