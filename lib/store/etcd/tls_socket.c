/* A BIO (BIO_meth_new(3)) over a socket.
 * Must not close it. */
#include "tls_socket.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

static int fd_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static int note_wait(BIO *bio, ssize_t count, int flag)
{
    BIO_clear_retry_flags(bio);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
    return (int)count;
}

static int write_bytes(BIO *bio, const char *data, int len)
{
    return note_wait(bio, send(fd_of(bio), data, (size_t)len, MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

static int read_bytes(BIO *bio, char *data, int size)
{
    ssize_t count = recv(fd_of(bio), data, (size_t)size, 0);

    if (count == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return note_wait(bio, count, BIO_FLAGS_READ);
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_socket_method(void)
{
    /* Without an index of its own, of which there are no more than a hundred. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "etcd");

    if (method == NULL)
        return NULL;
    BIO_meth_set_write(method, write_bytes);
    BIO_meth_set_read(method, read_bytes);
    BIO_meth_set_ctrl(method, control);
    return method;
}

BIO *tls_socket_bio(const BIO_METHOD *method, int fd)
{
    BIO *bio = BIO_new(method);

    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    return bio;
}
