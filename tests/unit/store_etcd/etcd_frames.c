/* Frames of a server, written to a socket that has room for them.
 * Must not read what the client says. */
#include "etcd_frames.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void put_32(uint8_t *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (24 - 8 * i));
}

static void send_all(int fd, const void *data, size_t len)
{
    if (len > 0 && send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        abort();
}

void frames_send(int fd, int type, int flags, uint32_t stream, const void *payload, size_t len)
{
    uint8_t head[9];

    put_32(head, (uint32_t)len << 8);
    head[3] = (uint8_t)type;
    head[4] = (uint8_t)flags;
    put_32(head + 5, stream);
    send_all(fd, head, sizeof head);
    send_all(fd, payload, len);
}

static size_t put_string(uint8_t *to, const char *text)
{
    size_t len = strlen(text);

    to[0] = (uint8_t)len; /* below 127, not Huffman's */
    memcpy(to + 1, text, len);
    return len + 1;
}

void frames_headers(int fd, uint32_t stream, bool is_end, const char *const *pairs)
{
    uint8_t block[1024];
    size_t len = 0;

    for (; *pairs != NULL; pairs += 2) {
        block[len++] = 0; /* a literal that is not kept (RFC 7541, section 6.2.2) */
        len += put_string(block + len, pairs[0]);
        len += put_string(block + len, pairs[1]);
    }
    frames_send(fd, FRAME_HEADERS, FLAG_END_HEADERS | (is_end ? FLAG_END_STREAM : 0), stream, block,
                len);
}

void frames_message(int fd, uint32_t stream, const void *message, size_t len, size_t piece)
{
    uint8_t *bytes = malloc(len + 5);

    if (bytes == NULL)
        abort();
    bytes[0] = 0;
    put_32(bytes + 1, (uint32_t)len);
    memcpy(bytes + 5, message, len);
    for (size_t at = 0; at < len + 5; at += piece)
        frames_send(fd, FRAME_DATA, 0, stream, bytes + at,
                    len + 5 - at < piece ? len + 5 - at : piece);
    free(bytes);
}

void frames_begin(int fd, uint32_t stream)
{
    static const char *const pairs[] = {":status", "200", "content-type", "application/grpc", NULL};

    frames_send(fd, FRAME_SETTINGS, 0, 0, NULL, 0);
    frames_headers(fd, stream, false, pairs);
}

void frames_end(int fd, uint32_t stream, const char *status, const char *text)
{
    const char *pairs[] = {"grpc-status", status, text != NULL ? "grpc-message" : NULL, text, NULL};

    frames_headers(fd, stream, true, pairs);
}

void frames_goaway(int fd, uint32_t last)
{
    uint8_t payload[8] = {0};

    put_32(payload, last);
    frames_send(fd, FRAME_GOAWAY, 0, 0, payload, sizeof payload);
}
