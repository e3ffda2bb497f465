/* What the lines of a client mean. */
#ifndef FARMLOCK_SERVER_COMMAND_H
#define FARMLOCK_SERVER_COMMAND_H

#include "server.h"

/* To be called before any other. */
void command_index_init(struct command_index *index);

/* Does what a line of `len` bytes says.  `line` has no newline, ends with a NUL, its only one, and
 * is modified. */
bool command_run(struct conn *conn, char *line, size_t len);

/* Whether a line, of `len` bytes and without an end, may be handled while a LOCK before it waits.
 */
bool command_is_urgent(const struct conn *conn, const char *line, size_t len);

/* The word of the command in a place of their table; NULL behind the last. */
const char *command_word(size_t place);

/* Whether it is a setting; there is such a place. */
bool command_is_setting(size_t place);

#endif
