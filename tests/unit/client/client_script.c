/* A server that plays what a test has written.
 * Must not need a port of the test's own choice. */
#include "client_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t client_script_server;

/* Whether such a line has come. */
static bool await_line(FILE *in, const char *begin)
{
    char line[4096];

    while (fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, begin, strlen(begin)) == 0)
            return true;
    }
    return false;
}

static void play(int listener, const struct client_step *steps)
{
    FILE *in = NULL;

    for (const struct client_step *step = steps; step->line != NULL; step++) {
        if (in == NULL)
            in = fdopen(accept(listener, NULL, NULL), "r");
        if (in == NULL || !await_line(in, step->line))
            return;
        send(fileno(in), step->say, strlen(step->say), MSG_NOSIGNAL);
        if (step->closes) {
            fclose(in);
            in = NULL;
        }
    }
    while (in != NULL && getc(in) != EOF)
        continue;
}

struct ipclocker *client_script_begin_with_usual_tries(const struct client_step *steps)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct ipclocker *lock = ipclocker_create();
    char port[8];

    assert_non_null(lock);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    client_script_server = fork();
    if (client_script_server == 0) {
        play(listener, steps);
        _exit(0);
    }
    assert_true(client_script_server > 0);
    close(listener);
    snprintf(port, sizeof port, "%u", ntohs(address.sin_port));
    assert_int_equal(ipclocker_set_hosts(lock, "127.0.0.1"), 0);
    assert_int_equal(ipclocker_set_port(lock, port), 0);
    ipclocker_set_connect_delay(lock, 1);
    return lock;
}

struct ipclocker *client_script_begin(const struct client_step *steps)
{
    struct ipclocker *lock = client_script_begin_with_usual_tries(steps);

    ipclocker_set_connect_tries(lock, 1);
    return lock;
}

void client_script_end(struct ipclocker *lock)
{
    ipclocker_set_destroy_unlock(lock, false);
    ipclocker_destroy(lock);
    kill(client_script_server, SIGKILL);
    assert_int_equal(waitpid(client_script_server, NULL, 0), client_script_server);
}

double client_script_seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}
