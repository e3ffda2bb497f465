/* As much of HTTP/2 (RFC 9113) and gRPC as a load for etcd needs: one unary call at a time on a
 * connection, without a library that would cost more than what is measured. */
#ifndef FARMLOCK_BENCH_GRPC_H
#define FARMLOCK_BENCH_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRPC_BUFFER = 16 * 1024, GRPC_MESSAGE_MAX = 512 };

struct grpc_conn {
    int fd;
    uint32_t stream; /* of the call that is under way */
    size_t len;      /* bytes of `in` */
    size_t answer_len;
    unsigned char in[GRPC_BUFFER];
    unsigned char answer[GRPC_MESSAGE_MAX]; /* the call's message, once it is over */
};

/* Connects to a port of 127.0.0.1; dies where that fails. */
void grpc_open(struct grpc_conn *conn, uint16_t port);

/* Sends a call of a method, "/package.Service/Method", with a message of at most GRPC_MESSAGE_MAX
 * bytes.  The one before must be over. */
void grpc_call(struct grpc_conn *conn, const char *method, const void *message, size_t len);

/* Reads once, which blocks when there is nothing; dies when the server closes.  Returns whether the
 * call is over, and its message, or none if it failed, in `answer`. */
bool grpc_read(struct grpc_conn *conn);

#endif
