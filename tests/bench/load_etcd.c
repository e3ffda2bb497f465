/* Clients that lock and unlock at an etcd as fast as it answers, by its own gRPC: a lease each, a
 * transaction that puts a key where there is none, and a delete.
 * Must not ask for more than that: a lock that is fair takes etcd further reads and watches. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "grpc.h"
#include "meter.h"

enum { CLIENTS_MAX = 1000, EVENTS = 64, LEASE_S = 600, FIRST_LEASE = 4096, WARM_UP_PERCENT = 10 };

/* A message in the encoding of Protocol Buffers. */
struct message {
    unsigned char data[GRPC_MESSAGE_MAX];
    size_t len;
};

struct client {
    struct grpc_conn conn;
    struct message lock, unlock;
    bool locks; /* the call that is under way */
};

static struct client clients[CLIENTS_MAX];

/* Below 2^14, as all of ours are. */
static void add_varint(struct message *message, unsigned value)
{
    if (value >= 128)
        message->data[message->len++] = (unsigned char)(value | 128);
    message->data[message->len++] = (unsigned char)(value >= 128 ? value >> 7 : value);
}

static void add_number(struct message *message, unsigned field, unsigned value)
{
    add_varint(message, field << 3);
    add_varint(message, value);
}

static void add_bytes(struct message *message, unsigned field, const void *data, size_t len)
{
    add_varint(message, field << 3 | 2);
    add_varint(message, (unsigned)len);
    memcpy(message->data + message->len, data, len);
    message->len += len;
}

static void add_message(struct message *message, unsigned field, const struct message *part)
{
    add_bytes(message, field, part->data, part->len);
}

/* rpc.proto: TxnRequest {compare 1, success 2}, Compare {target 2, key 3, create_revision 5},
 * RequestOp {request_put 2}, PutRequest {key 1, value 2, lease 3}, DeleteRangeRequest {key 1}. */
static void prepare(struct client *client, unsigned number)
{
    struct message compare = {0}, put = {0}, operation = {0};
    char key[32], owner[32];
    size_t key_len = (size_t)snprintf(key, sizeof key, "bench%05u", number);
    size_t owner_len = (size_t)snprintf(owner, sizeof owner, "host_1%04u_bench", number);

    add_number(&compare, 2, 1); /* CREATE */
    add_bytes(&compare, 3, key, key_len);
    add_number(&compare, 5, 0);
    add_bytes(&put, 1, key, key_len);
    add_bytes(&put, 2, owner, owner_len);
    add_number(&put, 3, FIRST_LEASE + number);
    add_message(&operation, 2, &put);
    add_message(&client->lock, 1, &compare);
    add_message(&client->lock, 2, &operation);
    add_bytes(&client->unlock, 1, key, key_len);
}

static void ask(struct client *client)
{
    const struct message *message = client->locks ? &client->lock : &client->unlock;

    grpc_call(&client->conn,
              client->locks ? "/etcdserverpb.KV/Txn" : "/etcdserverpb.KV/DeleteRange",
              message->data, message->len);
}

/* What a TxnResponse has in "succeeded" and a DeleteRangeResponse in "deleted" is field 2, behind
 * the header in field 1. */
static void check(const struct client *client)
{
    const unsigned char *answer = client->conn.answer;
    size_t at = client->conn.answer_len > 2 ? 2U + answer[1] : 0;

    if (at == 0 || answer[0] != 0x0a || at + 1 >= client->conn.answer_len || answer[at] != 0x10 ||
        answer[at + 1] != 1) {
        errno = EBADMSG;
        die(client->locks ? "a lock was not obtained" : "a lock was not given back");
    }
}

static void open_client(struct client *client, unsigned number, uint16_t port, int epoll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    struct message grant = {0};

    prepare(client, number);
    grpc_open(&client->conn, port);
    add_number(&grant, 1, LEASE_S);
    add_number(&grant, 2, FIRST_LEASE + number);
    grpc_call(&client->conn, "/etcdserverpb.Lease/LeaseGrant", grant.data, grant.len);
    while (!grpc_read(&client->conn))
        continue;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->conn.fd, &event) != 0)
        die("epoll_ctl");
}

/* Returns how many calls were answered.  Ends with nothing held. */
static uint64_t run(int epoll, long count, double end)
{
    struct epoll_event events[EVENTS];
    uint64_t calls = 0;
    long busy = count;

    for (long i = 0; i < count; i++) {
        clients[i].locks = true;
        ask(&clients[i]);
    }
    while (busy > 0) {
        int ready = epoll_wait(epoll, events, EVENTS, 30000);

        if (ready <= 0)
            die("no answer for thirty seconds");
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;

            if (!grpc_read(&client->conn))
                continue;
            check(client);
            calls++;
            client->locks = !client->locks;
            if (client->locks && now_s() >= end)
                busy--;
            else
                ask(client);
        }
    }
    return calls;
}

int main(int argc, char **argv)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct meter meter;
    uint16_t port;
    double span_s;
    pid_t server;
    long count;

    if (argc != 5)
        die_usage("load_etcd PORT SERVER_PID CLIENTS MILLISECONDS");
    port = (uint16_t)parse_number(argv[1], 1, UINT16_MAX);
    server = (pid_t)parse_number(argv[2], 1, INT32_MAX);
    count = parse_number(argv[3], 1, CLIENTS_MAX);
    span_s = (double)parse_number(argv[4], 1, 1000000) / 1000;
    for (long i = 0; i < count; i++)
        open_client(&clients[i], (unsigned)i, port, epoll);
    run(epoll, count, now_s() + span_s * WARM_UP_PERCENT / 100);
    meter_start(&meter, server);
    meter_print(&meter, run(epoll, count, now_s() + span_s));
    return 0;
}
