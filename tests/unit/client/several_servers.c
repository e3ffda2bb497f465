/* Several lock servers, each a process, and handles for all of them.
 * Must not need a port of its own choice. */
#include "several_servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipclocker_server.h"
#include "server/cluster.h"

struct several_server several_servers[SERVERS];
char several_folder[] = "/tmp/farmlock-test.XXXXXX", several_state[64];

static struct ipclocker_server *listening(uint16_t port)
{
    struct ipclocker_server *server = ipclocker_server_create();
    char text[8];

    assert_non_null(server);
    snprintf(text, sizeof text, "%u", port);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", text), 0);
    ipclocker_server_set_pidstat_port(server, -1);
    return server;
}

void several_start(int number, const char *cluster, const char *state)
{
    struct ipclocker_server *server = listening(several_servers[number].port);

    assert_int_equal(ipclocker_server_set_cluster(server, cluster), 0);
    assert_int_equal(ipclocker_server_set_state(server, state, IPCLOCKER_DURABLE_PROCESS), 0);
    several_servers[number].pid = fork();
    if (several_servers[number].pid == 0) {
        setpgid(0, 0); /* it may be stopped, see tests/support/guard.py */
        ipclocker_server_run(server);
        _exit(0);
    }
    ipclocker_server_destroy(server);
    assert_true(several_servers[number].pid > 0);
}

void several_stop(int number)
{
    if (several_servers[number].pid == 0)
        return;
    kill(several_servers[number].pid, SIGKILL);
    assert_int_equal(waitpid(several_servers[number].pid, NULL, 0), several_servers[number].pid);
    several_servers[number].pid = 0;
}

int several_setup(void **state)
{
    struct ipclocker_server *listeners[SERVERS];

    (void)state;
    unsetenv("IPCLOCKER_HOST");
    unsetenv("IPCLOCKER_PORT");
    unsetenv("SLURM_JOB_ID");
    strcpy(several_folder, "/tmp/farmlock-test.XXXXXX");
    if (mkdtemp(several_folder) == NULL)
        return -1;
    snprintf(several_state, sizeof several_state, "%s/state.db", several_folder);
    for (int i = 0; i < SERVERS; i++) {
        listeners[i] = listening(0);
        several_servers[i].port = ipclocker_server_port(listeners[i]);
    }
    for (int i = 0; i < SERVERS; i++)
        ipclocker_server_destroy(listeners[i]);
    return 0;
}

int several_teardown(void **state)
{
    char command[80];

    (void)state;
    for (int i = 0; i < SERVERS; i++)
        several_stop(i);
    snprintf(command, sizeof command, "rm -r %s", several_folder);
    return system(command) == 0 ? 0 : -1;
}

static void on_notice(void *context, enum ipclocker_notice notice, const char *text)
{
    struct several_notices *notices = context;

    notices->count[notice]++;
    snprintf(notices->last[notice], sizeof notices->last[notice], "%s", text);
}

struct ipclocker *several_handle(const char *user, struct several_notices *notices)
{
    struct ipclocker *lock = ipclocker_create();
    char hosts[SERVERS * 24] = "";

    assert_non_null(lock);
    for (int i = 0; i < SERVERS; i++)
        snprintf(hosts + strlen(hosts), sizeof hosts - strlen(hosts), "%s127.0.0.1=%u",
                 i > 0 ? ":" : "", several_servers[i].port);
    assert_int_equal(ipclocker_set_hosts(lock, hosts), 0);
    assert_int_equal(ipclocker_set_user(lock, user), 0);
    assert_int_equal(ipclocker_set_locks(lock, "a", 1), 0);
    ipclocker_set_session(lock, true);
    ipclocker_set_destroy_unlock(lock, false);
    if (notices != NULL) {
        ipclocker_set_notice(lock, on_notice, notices);
        ipclocker_set_verbose(lock, true);
    }
    return lock;
}

void several_drive(struct ipclocker *const *locks, int count, int ms)
{
    struct pollfd poll_fds[2];

    for (int i = 0; i < count; i++) {
        int timeout_ms = ipclocker_timeout(locks[i]);

        poll_fds[i] =
            (struct pollfd){.fd = ipclocker_fd(locks[i]), .events = ipclocker_events(locks[i])};
        if (timeout_ms >= 0 && timeout_ms < ms)
            ms = timeout_ms;
    }
    poll(poll_fds, (nfds_t)count, ms);
}

void several_queue_up(struct ipclocker *lock)
{
    struct ipclocker_wait wait;

    assert_int_equal(ipclocker_lock_start(lock), 0);
    do {
        assert_int_equal(ipclocker_process(lock), 0);
        several_drive(&lock, 1, 100);
        ipclocker_wait(lock, &wait);
    } while (!wait.waiting || wait.position == 0);
}

struct ipclocker *several_onlooker(int number)
{
    struct ipclocker *lock = ipclocker_create();
    char port[8];

    snprintf(port, sizeof port, "%u", several_servers[number].port);
    assert_int_equal(ipclocker_set_hosts(lock, "127.0.0.1"), 0);
    assert_int_equal(ipclocker_set_port(lock, port), 0);
    assert_int_equal(ipclocker_set_locks(lock, "a", 1), 0);
    return lock;
}

void several_is_owner(int number, const char *owner)
{
    struct ipclocker *lock = several_onlooker(number);
    const char *found = ipclocker_owner(lock);

    assert_non_null(found);
    assert_string_equal(found, owner);
    ipclocker_destroy(lock);
}
