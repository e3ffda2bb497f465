/* What comes back for one call: headers, a message in pieces, trailers.  Pure. */
#ifndef FARMLOCK_STORE_ETCD_GRPC_ANSWER_H
#define FARMLOCK_STORE_ETCD_GRPC_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller.h"

enum { GRPC_PREFIX = 5, GRPC_ANSWER_TEXT = 200 };

/* To begin with all zero. */
struct grpc_answer {
    int http_status; /* 0: none yet */
    bool is_grpc;    /* content-type says so */
    bool has_status;
    int status;                        /* of gRPC */
    char text[GRPC_ANSWER_TEXT];       /* grpc-message, as it came */
    unsigned char prefix[GRPC_PREFIX]; /* compressed or not, length: in front of the message */
    size_t prefix_len;
    uint32_t message_len; /* once the prefix is there */
    struct buffer message;
    const char *fault; /* why it is no answer; NULL: none known */
};

void grpc_answer_fini(struct grpc_answer *answer);

void grpc_answer_take_header(struct grpc_answer *answer, const uint8_t *name, size_t name_len,
                             const uint8_t *value, size_t value_len);

/* Returns 0; or -1 with the fault set when the bytes cannot be those of one message of at most
 * GRPC_ANSWER_MAX. */
int grpc_answer_take_data(struct grpc_answer *answer, const uint8_t *data, size_t len);

/* What the answer comes to when nothing more will come.  `url` is for *error. */
enum etcd_outcome grpc_answer_end(struct grpc_answer *answer, const char *url,
                                  struct etcd_error *error);

#endif
