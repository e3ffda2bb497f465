/* What a server whose state others share tells of that. */
#ifndef FARMLOCK_SERVER_COMMAND_REPLICATION_H
#define FARMLOCK_SERVER_COMMAND_REPLICATION_H

struct conn;

/* REPLICATION: a JSON text; nothing where the state is the server's own, as of one that does not
 * know the word. */
void command_replication(struct conn *conn, char *args);

#endif
