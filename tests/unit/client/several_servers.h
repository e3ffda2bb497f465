/* Several lock servers, each a process, and handles for all of them. */
#ifndef FARMLOCK_TESTS_SEVERAL_SERVERS_H
#define FARMLOCK_TESTS_SEVERAL_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

#include "ipclocker.h"

enum { SERVERS = 3, PATIENCE_MS = 60000 };

/* A port each, of which some are served. */
extern struct several_server {
    uint16_t port;
    pid_t pid; /* 0: it does not run */
} several_servers[SERVERS];

extern char several_folder[], several_state[];

/* Around each test: finds ports and makes the folder; ends what runs. */
int several_setup(void **state);
int several_teardown(void **state);

/* Starts one.  `state`: a file, as several_state, that they may share one after the other; NULL: it
 * keeps what it has to itself. */
void several_start(int number, const char *cluster, const char *state);

/* Ends one at once. */
void several_stop(int number);

struct several_notices {
    int count[IPCLOCKER_NOTICE_LOST + 1];
    char last[IPCLOCKER_NOTICE_LOST + 1][256];
};

/* A handle with a session for the lock "a" of all servers, in their order. */
struct ipclocker *several_handle(const char *user, struct several_notices *notices);

/* Another one for a server alone. */
struct ipclocker *several_onlooker(int number);
void several_is_owner(int number, const char *owner);

/* Waits for `ms` at most, until a handle is to be gone on with. */
void several_drive(struct ipclocker *const *locks, int count, int ms);

/* Goes on until the handle stands in the queue. */
void several_queue_up(struct ipclocker *lock);

#endif
