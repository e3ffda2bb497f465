/* Feeds what a hostile "etcd" may say to the client's half of a call.
 * Must not need a server: all its bytes are there before it is asked. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/etcd/grpc.h"
#include "store/etcd/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 2, PATIENCE_MS = 5000 };

static const struct endpoint endpoint = {.host = "etcd1", .port = 2379, .url = "http://etcd1:2379"};

static int take_row(void *context, const struct etcd_row *row)
{
    size_t *bytes = context;

    *bytes += row->key.len + row->value.len;
    return 0;
}

/* What was taken for an answer is read, too. */
static void read_answer(const struct buffer *response)
{
    struct etcd_answer answer;
    struct etcd_status status;
    struct buffer token = {0};
    size_t bytes = 0;

    etcd_wire_read_txn(response, &answer, take_row, &bytes);
    etcd_wire_read_range(response, &answer, take_row, &bytes);
    assert(bytes <= 2 * (size_t)response->len);
    if (etcd_wire_read_status(response, &status) == 0)
        assert(memchr(status.version, '\0', sizeof status.version) != NULL);
    etcd_wire_read_token(response, &token);
    buffer_fini(&token);
}

static void ask(struct grpc *grpc)
{
    static char question[] = "question";
    const struct buffer request = {.data = question, .len = sizeof question - 1};
    struct patience patience = patience_begin(PATIENCE_MS, -1);
    struct buffer response = {0};
    struct etcd_error error = {.code = -1};
    enum etcd_outcome outcome =
        grpc_call(grpc, "/etcdserverpb.KV/Range", NULL, &request, &patience, &response, &error);

    if (outcome == ETCD_ANSWERED) {
        read_answer(&response);
    } else {
        assert(response.len == 0);
        assert(error.code >= 0 && (outcome == ETCD_UNKNOWN || error.code > 0));
        assert(memchr(error.text, '\0', sizeof error.text) != NULL && error.text[0] != '\0');
        for (const char *at = error.text; *at != '\0'; at++)
            assert((unsigned char)*at >= ' ');
    }
    /* The connection has ended behind the last byte: nothing was waited for. */
    assert(patience_left_ms(&patience) > 0);
    buffer_fini(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct grpc *grpc;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    /* Longer ones than a socket has room for are cut. */
    if (size > 0 && send(pair[0], data, size, MSG_NOSIGNAL) < 0)
        abort();
    shutdown(pair[0], SHUT_WR);
    grpc = grpc_open(link_adopt(pair[1], &endpoint));
    assert(grpc != NULL);
    for (int i = 0; i < CALLS; i++)
        ask(grpc);
    grpc_is_usable(grpc);
    grpc_close(grpc);
    close(pair[0]);
    return 0;
}
