/* Locks that are kept until the host that took them has booted anew: whose pidstatd is asked. */
#ifndef FARMLOCK_SERVER_BOOT_WATCH_H
#define FARMLOCK_SERVER_BOOT_WATCH_H

#include "server.h"

void boot_watch_init(struct ipclocker_server *server);

/* Whether the end of a boot can be seen: that of this machine by the next start of the server,
 * that of any other by its pidstatd. */
bool boot_watch_can_see(const struct ipclocker_server *server, const char *boot);

/* A request's owner is done with it: has it released when its host has booted anew, if it waits for
 * that. */
void boot_watch_start(struct ipclocker_server *server, struct lock_request *request);

/* The request ends, or all do. */
void boot_watch_stop(struct ipclocker_server *server, const struct lock_request *request);
void boot_watch_stop_all(struct ipclocker_server *server);

#endif
