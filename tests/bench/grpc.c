/* Unary gRPC calls over HTTP/2, in plain frames.
 * Must not keep state that a call does not need: no header table, no flow control of our own. */
#include "grpc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"
#include "meter.h"

enum {
    FRAME_HEADER = 9,
    MESSAGE_HEADER = 5, /* not compressed, length */
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FRAME_WINDOW_UPDATE = 8,
    FLAG_ACK = 1,
    FLAG_END_STREAM = 1,
    FLAG_END_HEADERS = 4,
};

static void put_32(unsigned char *to, uint32_t value)
{
    to[0] = (unsigned char)(value >> 24);
    to[1] = (unsigned char)(value >> 16);
    to[2] = (unsigned char)(value >> 8);
    to[3] = (unsigned char)value;
}

static uint32_t get_32(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Writes a frame's header; returns where its `len` bytes go. */
static unsigned char *begin_frame(unsigned char *to, size_t len, int type, int flags,
                                  uint32_t stream)
{
    put_32(to, (uint32_t)len << 8);
    to[3] = (unsigned char)type;
    to[4] = (unsigned char)flags;
    put_32(to + 5, stream);
    return to + FRAME_HEADER;
}

/* The server's windows are open as wide as they go, so that nothing has to be reported to it. */
void grpc_open(struct grpc_conn *conn, uint16_t port)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static const unsigned char settings[] = {0, 1, 0,    0,    0,    0,     /* no header table */
                                             0, 4, 0x7f, 0xff, 0xff, 0xff}; /* window */
    enum { PREFACE_LEN = sizeof preface - 1, WINDOW_DEFAULT = 65535 };
    unsigned char out[128], *at = out + PREFACE_LEN;

    *conn = (struct grpc_conn){.fd = link_open(port, 0), .stream = UINT32_MAX};
    memcpy(out, preface, PREFACE_LEN);
    at = begin_frame(at, sizeof settings, FRAME_SETTINGS, 0, 0);
    memcpy(at, settings, sizeof settings);
    at = begin_frame(at + sizeof settings, 4, FRAME_WINDOW_UPDATE, 0, 0);
    put_32(at, INT32_MAX - WINDOW_DEFAULT);
    link_send(conn->fd, out, (size_t)(at + 4 - out));
}

static unsigned char *add_string(unsigned char *at, const char *text)
{
    size_t len = strlen(text);

    *at++ = (unsigned char)len;
    memcpy(at, text, len); /* NOLINT: a string of HPACK has a length and no NUL */
    return at + len;
}

/* In HPACK (RFC 7541), with nothing for the server to remember. */
static size_t put_headers(unsigned char *to, const char *method)
{
    unsigned char *at = to;

    *at++ = 0x83; /* :method POST */
    *at++ = 0x86; /* :scheme http */
    *at++ = 0x04; /* :path */
    at = add_string(at, method);
    *at++ = 0x01; /* :authority */
    at = add_string(at, "127.0.0.1");
    *at++ = 0x0f; /* content-type */
    *at++ = 0x10;
    at = add_string(at, "application/grpc");
    *at++ = 0x00; /* a name of its own */
    at = add_string(at, "te");
    at = add_string(at, "trailers");
    return (size_t)(at - to);
}

void grpc_call(struct grpc_conn *conn, const char *method, const void *message, size_t len)
{
    unsigned char out[GRPC_MESSAGE_MAX + 256], *at = out + FRAME_HEADER;
    size_t headers_len = put_headers(at, method);

    conn->stream += 2; /* from 1 */
    conn->answer_len = 0;
    begin_frame(out, headers_len, FRAME_HEADERS, FLAG_END_HEADERS, conn->stream);
    at = begin_frame(at + headers_len, MESSAGE_HEADER + len, FRAME_DATA, FLAG_END_STREAM,
                     conn->stream);
    *at = 0;
    put_32(at + 1, (uint32_t)len);
    memcpy(at + MESSAGE_HEADER, message, len);
    link_send(conn->fd, out, (size_t)(at + MESSAGE_HEADER + len - out));
}

static void acknowledge(const struct grpc_conn *conn, int type, const unsigned char *payload,
                        size_t len)
{
    unsigned char out[FRAME_HEADER + 8];

    memcpy(begin_frame(out, len, type, FLAG_ACK, 0), payload, len);
    link_send(conn->fd, out, FRAME_HEADER + len);
}

static bool take_frame(struct grpc_conn *conn, const unsigned char *frame, size_t len)
{
    const unsigned char *payload = frame + FRAME_HEADER;
    int type = frame[3], flags = frame[4];

    if (type == FRAME_SETTINGS && !(flags & FLAG_ACK))
        acknowledge(conn, FRAME_SETTINGS, payload, 0);
    if (type == FRAME_PING && !(flags & FLAG_ACK) && len == 8)
        acknowledge(conn, FRAME_PING, payload, len);
    if (type == FRAME_GOAWAY) {
        errno = ECONNABORTED;
        die("the server ends the connection");
    }
    if (get_32(frame + 5) != conn->stream || (type != FRAME_DATA && type != FRAME_HEADERS))
        return false;
    if (type == FRAME_DATA && len > MESSAGE_HEADER && len <= GRPC_MESSAGE_MAX + MESSAGE_HEADER) {
        conn->answer_len = len - MESSAGE_HEADER;
        memcpy(conn->answer, payload + MESSAGE_HEADER, conn->answer_len);
    }
    return flags & FLAG_END_STREAM;
}

bool grpc_read(struct grpc_conn *conn)
{
    ssize_t got = recv(conn->fd, conn->in + conn->len, sizeof conn->in - conn->len, 0);
    bool is_over = false;
    size_t used = 0;

    if (got <= 0)
        die("the server closed a connection");
    conn->len += (size_t)got;
    while (conn->len - used >= FRAME_HEADER) {
        size_t len = get_32(conn->in + used) >> 8;

        if (conn->len - used < FRAME_HEADER + len)
            break;
        is_over |= take_frame(conn, conn->in + used, len);
        used += FRAME_HEADER + len;
    }
    conn->len -= used;
    memmove(conn->in, conn->in + used, conn->len);
    return is_over;
}
