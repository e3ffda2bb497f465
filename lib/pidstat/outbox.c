/* Batches of datagrams on their way out.
 * Must not wait, nor look into them. */
#include "outbox.h"

#include <errno.h>
#include <string.h>

void outbox_flush(struct outbox *out)
{
    unsigned done = 0;

    while (done < out->count) {
        int sent = sendmmsg(out->routes[0].fd, out->messages + done, out->count - done,
                            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0) {
            out->sent += (unsigned)sent;
            done += (unsigned)sent;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            /* An overloaded network: the askers ask again. */
            break;
        } else if (errno != EINTR) {
            /* This one cannot be sent; the next may be. */
            done++;
        }
    }
    out->count = 0;
}

void outbox_post(struct outbox *out, const struct watch_route *route, const char *text, size_t len)
{
    unsigned slot;

    if (out->count == OUTBOX_DATAGRAMS || (out->count > 0 && out->routes[0].fd != route->fd))
        outbox_flush(out);
    slot = out->count++;
    memcpy(out->text[slot], text, len);
    out->routes[slot] = *route;
    out->parts[slot] = (struct iovec){.iov_base = out->text[slot], .iov_len = len};
    out->messages[slot].msg_hdr = (struct msghdr){
        .msg_name = &out->routes[slot].asker,
        .msg_namelen = route->asker_len,
        .msg_iov = &out->parts[slot],
        .msg_iovlen = 1,
        .msg_control = route->control_len > 0 ? out->routes[slot].control : NULL,
        .msg_controllen = route->control_len,
    };
}
