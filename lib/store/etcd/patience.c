/* Waiting with a deadline.
 * Must not wait for a descriptor alone. */
#include "patience.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/clock.h"

struct patience patience_begin(int64_t timeout_ms, int interrupt_fd)
{
    int64_t given_ms = timeout_ms > 0 ? timeout_ms : 0;

    return (struct patience){.given_ms = given_ms,
                             .deadline_ms = clock_now_ms() + given_ms,
                             .interrupt_fd = interrupt_fd};
}

int64_t patience_left_ms(const struct patience *patience)
{
    int64_t left_ms = patience->deadline_ms - clock_now_ms();

    return left_ms > 0 ? left_ms : 0;
}

struct patience patience_share(const struct patience *patience, unsigned shares)
{
    return patience_begin(patience_left_ms(patience) / shares, patience->interrupt_fd);
}

/* poll(2) passes over descriptors below 0. */
enum patience_end patience_wait(const struct patience *patience, int fd, short events)
{
    struct pollfd fds[] = {{.fd = patience->interrupt_fd, .events = POLLIN},
                           {.fd = fd, .events = events}};

    for (;;) {
        int64_t left_ms = patience_left_ms(patience);
        int count = poll(fds, 2, left_ms < INT_MAX ? (int)left_ms : INT_MAX);

        if (count > 0 && fds[0].revents != 0)
            return PATIENCE_INTERRUPTED;
        if (left_ms == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
            return PATIENCE_LATE;
        if (count > 0)
            return PATIENCE_READY;
    }
}
