/* A client of a server in the same program, in words of the protocol. */
#ifndef FARMLOCK_TESTS_SERVER_TALK_H
#define FARMLOCK_TESTS_SERVER_TALK_H

#include <stdint.h>

#include "ipclocker_server.h"

enum { STEP_MS = 10 };

/* A test's set-up and tear-down: a server of its own at loopback, which *state is. */
int server_talk_start(void **state);
int server_talk_stop(void **state);

/* A connection to a port of loopback, for the caller to close. */
int connect_to(uint16_t port);
int connect_from(uint32_t source,
                 uint16_t port); /* an address of loopback, as in INADDR_LOOPBACK */
int connect_to_path(const char *path);

/* Sends a request and runs the server's own loop until there are as many lines of an answer as are
 * expected, in which {any} is any word. */
void expect_answer(struct ipclocker_server *server, int fd, const char *request,
                   const char *answer);

#endif
