/* A server that says exactly what a test wants it to say, and a handle that asks it. */
#ifndef FARMLOCK_TEST_CLIENT_SCRIPT_H
#define FARMLOCK_TEST_CLIENT_SCRIPT_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "ipclocker.h"

/* Waits for a line that begins so, and then says this; closes the connection then, or goes on. */
struct client_step {
    const char *line, *say;
    bool closes;
};

/* The process that plays it. */
extern pid_t client_script_server;

/* Starts a server that plays some steps, up to one without a line, and makes a handle for it that
 * tries once. */
struct ipclocker *client_script_begin(const struct client_step *steps);

/* Likewise, with a handle that tries as often as nothing is said of it. */
struct ipclocker *client_script_begin_with_usual_tries(const struct client_step *steps);

/* Ends both. */
void client_script_end(struct ipclocker *lock);

double client_script_seconds_since(const struct timespec *start);

#define HELLO                                 \
    {"proto 2", "proto 2\n", false},          \
    {                                         \
        "VERSION", "version 9.9 1\n\n", false \
    }

#define REFUSAL(lines) "owner \nlocked 0\n" lines "\n\n"
#define GRANT "owner o\nlocked 1\nlockname lock\ntoken 3\n\n\n"

#endif
