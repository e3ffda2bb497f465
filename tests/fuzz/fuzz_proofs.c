/* Lets strangers say what they like to a server that asks for proofs, with seals that are right for
 * the keys that they have: the lock of somebody else stays whose it is, and its key good.
 * Must not ask munged: whom a credential proves, a client is made by hand here. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/seal.h"
#include "peer.h"
#include "server/server.h"

enum { CLIENTS = 3, LINES_MAX = 200, ANN = 41001, BOB = 41002, TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct client {
    int fd;
    uint32_t uid; /* proven; 0: not */
    bool is_sealed, has_nonce, has_key;
    struct seal_nonce nonce;
    struct siphash_key key; /* of the grant that it was told of last */
    unsigned long long token;
    struct seal_chain chain;
    char answers[TEXT_MAX];
};

static void open_client(struct ipclocker_server *server, struct client *client)
{
    struct conn *conn;

    client->fd = peer_connect(server, PEER_FAR);
    client->is_sealed = client->has_nonce = false;
    conn = TAILQ_LAST(&server->conns, conn_list);
    if (client->uid != 0 && conn != NULL) {
        conn->asker.proof = LOCK_PROVEN_BY_MUNGE;
        conn->asker.uid = client->uid;
    }
}

/* Takes what it needs for proofs from what it was told. */
static void take_answers(struct client *client)
{
    const char *found;

    if ((found = strstr(client->answers, "auth munge ")) != NULL)
        client->has_nonce = seal_nonce_parse(&client->nonce, found + 11);
    if ((found = strstr(client->answers, "\ntoken ")) == NULL ||
        sscanf(found, "\ntoken %llu\nkey ", &client->token) != 1)
        return;
    found = strstr(found, "\nkey ");
    client->has_key = found != NULL && seal_key_parse(&client->key, found + 5);
}

static void run(struct ipclocker_server *server, struct client *client)
{
    size_t len = 0;
    ssize_t got;

    for (int i = 0; i < 3; i++)
        ipclocker_server_process(server, 0);
    while ((got = recv(client->fd, client->answers + len, TEXT_MAX - 1 - len, MSG_DONTWAIT)) > 0 &&
           len + (size_t)got < TEXT_MAX - 1)
        len += (size_t)got;
    client->answers[len] = '\0';
    take_answers(client);
}

static void say(struct ipclocker_server *server, struct client *client, const char *line)
{
    char text[TEXT_MAX];
    int len = snprintf(text, sizeof text, "%s\n", line);

    if (len > 0 && (size_t)len < sizeof text)
        (void)!send(client->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    run(server, client);
}

static void say_sealed(struct ipclocker_server *server, struct client *client, const char *line)
{
    char text[SEAL_TEXT_SIZE + 8] = "seal ";

    seal_format(text + 5, seal_chain_add(&client->chain, line, strlen(line)));
    say(server, client, text);
    say(server, client, line);
}

/* Proves a grant, by the key that it has. */
static void go_on(struct ipclocker_server *server, struct client *client, unsigned long long token)
{
    struct siphash_key key = seal_connection_key(&client->key, &client->nonce);
    char line[64];

    snprintf(line, sizeof line, "proof grant %llu", token);
    say(server, client, line);
    client->is_sealed = true;
    seal_chain_begin(&client->chain, &key, &client->nonce);
}

static void start_anew(struct ipclocker_server *server, struct client *client)
{
    close(client->fd);
    run(server, client);
    open_client(server, client);
    say(server, client, "proto 2");
    say(server, client, "auth");
}

/* The first byte of a line may ask for more than that it be said. */
static void play_line(struct ipclocker_server *server, struct client *client, const char *line,
                      unsigned long long token)
{
    switch (*line) {
    case '!':
        start_anew(server, client);
        break;
    case '*': /* its own grant, or somebody else's */
        go_on(server, client, line[1] == '*' ? token : client->token);
        break;
    case '+':
        say_sealed(server, client, line + 1);
        break;
    default:
        if (client->is_sealed && strncmp(line, "seal ", 5) != 0)
            seal_chain_add(&client->chain, line, strlen(line));
        if (strstr(line, "munge") == NULL)
            say(server, client, line);
    }
}

static void take_lock(struct ipclocker_server *server, struct client *ann)
{
    open_client(server, ann);
    say(server, ann, "proto 2\nauth\nuser ann\nlocks x\nLOCK");
    assert(ann->has_key && ann->has_nonce);
}

/* The lock is hers, and her monitor goes on with it. */
static void check_lock(struct ipclocker_server *server, struct client *ann)
{
    const struct lock_request *holder = lock_table_holder(server->table, "x");
    char line[64];

    assert(holder != NULL && holder->token == ann->token && holder->asker.uid == ANN);
    ann->uid = 0;
    start_anew(server, ann);
    go_on(server, ann, ann->token);
    say_sealed(server, ann, "user ann");
    say_sealed(server, ann, "locks x");
    snprintf(line, sizeof line, "RENEW %llu", ann->token);
    say_sealed(server, ann, line);
    assert(strstr(ann->answers, "locked 1") != NULL);
    say_sealed(server, ann, "UNLOCK");
    /* Somebody may have waited for it. */
    holder = lock_table_holder(server->table, "x");
    assert(holder == NULL || holder->token > ann->token);
}

static void play(struct ipclocker_server *server, struct client *clients, char *text,
                 unsigned long long token)
{
    char *line;

    for (size_t i = 0; i < LINES_MAX && (line = strsep(&text, "\n")) != NULL; i++) {
        size_t who = *line >= '0' && *line < '0' + CLIENTS ? (size_t)(*line++ - '0') : 0;

        play_line(server, &clients[who], line, token);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipclocker_server *server = ipclocker_server_create();
    struct client ann = {.uid = ANN}, clients[CLIENTS] = {{.uid = 0}, {.uid = BOB}, {.uid = BOB}};
    char *text = strndup((const char *)data, size);

    if (server == NULL || text == NULL || ipclocker_server_listen(server, "127.0.0.1", "0") != 0 ||
        ipclocker_server_start(server, NULL) != 0)
        abort();
    ipclocker_server_set_pidstat_port(server, -1);
    server->auth = IPCLOCKER_AUTH_REQUIRE;
    take_lock(server, &ann);
    for (size_t i = 0; i < CLIENTS; i++)
        open_client(server, &clients[i]);
    play(server, clients, text, ann.token);
    check_lock(server, &ann);
    for (size_t i = 0; i < CLIENTS; i++)
        close(clients[i].fd);
    close(ann.fd);
    ipclocker_server_process(server, 0);
    ipclocker_server_destroy(server);
    free(text);
    return 0;
}
