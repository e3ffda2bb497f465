/* Writing a state file anew that somebody has removed. */
#ifndef FARMLOCK_STORE_REWRITE_H
#define FARMLOCK_STORE_REWRITE_H

#include "connection.h"

/* Looks whether the file is still in its place; one that was removed is written anew, with all that
 * was in it.  Returns 1 if it was, 0 if there was nothing to do; -1 with errno and *error when it
 * is not possible, ESTALE when another file is in its place: the connection may be closed then.
 * Blocks for as long as the disk takes.
 */
int store_rewrite_if_removed(struct store_connection *connection, char error[STORE_ERROR_SIZE]);

#endif
