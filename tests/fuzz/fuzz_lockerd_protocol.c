/* Feeds what up to four clients send to a lock server, as libFuzzer finds it.
 * Must not leave anything behind from one input to the next: every input starts a new server. */
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { CLIENTS = 4, SWITCH = 0x1e };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_loop(struct ipclocker_server *server)
{
    for (int i = 0; i < 4; i++)
        ipclocker_server_process(server, 0);
}

static void read_answers(int fd)
{
    char answers[4096];

    while (recv(fd, answers, sizeof answers, MSG_DONTWAIT) > 0)
        continue;
}

/* A byte 0x1e hands over to the next client; two of them in a row close the current one. */
static void send_pieces(struct ipclocker_server *server, int *fds, const uint8_t *data, size_t size)
{
    size_t client = 0;

    while (size > 0) {
        const uint8_t *end = memchr(data, SWITCH, size);
        size_t len = end != NULL ? (size_t)(end - data) : size;

        if (fds[client] >= 0 && len > 0 &&
            send(fds[client], data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            len = size;
        if (fds[client] >= 0 && len == 0) {
            close(fds[client]);
            fds[client] = -1;
        }
        run_loop(server);
        for (size_t i = 0; i < CLIENTS; i++)
            read_answers(fds[i]);
        client = (client + 1) % CLIENTS;
        size -= end != NULL && len < size ? len + 1 : len;
        data += end != NULL ? len + 1 : len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipclocker_server *server = ipclocker_server_create();
    int fds[CLIENTS];

    if (server == NULL || ipclocker_server_listen(server, "127.0.0.1", "0") != 0 ||
        ipclocker_server_start(server, NULL) != 0)
        return 0;
    ipclocker_server_set_pidstat_port(server, -1);
    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = peer_connect(server, i % 2 == 1 ? PEER_LOCAL : PEER_FAR);
    send_pieces(server, fds, data, size);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    run_loop(server);
    assert(lock_table_waiter_count(server->table) <= lock_table_name_count(server->table) * 1024);
    ipclocker_server_destroy(server);
    return 0;
}
