/* What a server that shares its state with others says of that, for people. */
#ifndef FARMLOCK_LOCKERSH_PING_REPLICATION_H
#define FARMLOCK_LOCKERSH_PING_REPLICATION_H

#include <stdbool.h>

struct json_object;

/* Prints it; `replication` is what ipclocker_replication_json() has told. */
void ping_replication_print(struct json_object *replication);

/* Whether the server sees one stand by that listens, when it leads, at this host and port. */
bool ping_replication_has_standby(struct json_object *replication, const char *host);

#endif
