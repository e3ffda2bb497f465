/* What a server of HTTP/2 says, frame by frame (RFC 9113), right or wrong: written before the
 * client asks, whose first call is stream 1. */
#ifndef FARMLOCK_TEST_ETCD_FRAMES_H
#define FARMLOCK_TEST_ETCD_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RESET = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FLAG_END_STREAM = 1,
    FLAG_END_HEADERS = 4
};

void frames_send(int fd, int type, int flags, uint32_t stream, const void *payload, size_t len);

/* Names and values in turn, with NULL behind the last. */
void frames_headers(int fd, uint32_t stream, bool is_end, const char *const *pairs);

/* A message with its prefix, in pieces of `piece` bytes at most. */
void frames_message(int fd, uint32_t stream, const void *message, size_t len, size_t piece);

/* SETTINGS, and the headers of an answer. */
void frames_begin(int fd, uint32_t stream);

/* Trailers, with a grpc-message unless it is NULL. */
void frames_end(int fd, uint32_t stream, const char *status, const char *text);

/* The other side goes away: no stream above `last` is done. */
void frames_goaway(int fd, uint32_t last);

#endif
