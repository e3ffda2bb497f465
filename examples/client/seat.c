/* seat: holds one of some license seats for a while, and gives up when a key is pressed.
 * Must stay a page: it shows the calls of ipclocker(3), in a loop of the program's own.
 *
 *   seat lic1:lic2 5     wait for a seat, with news of the queue, and keep it for 5 seconds
 */
#include <ipclocker.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int give_up(struct ipclocker *lock)
{
    fprintf(stderr, "seat: %s\n", ipclocker_error(lock));
    ipclocker_destroy(lock);
    return 1;
}

static void on_notice(void *context, enum ipclocker_notice notice, const char *text)
{
    (void)context;
    (void)notice;
    fprintf(stderr, "seat: %s\n", text);
}

/* Works with the seat, which is here to let time go by; the connection is looked after meanwhile,
 * so that a server that was away finds the session again.  Returns -1 when the seat was lost. */
static int work(struct ipclocker *lock, unsigned seconds)
{
    time_t end = time(NULL) + seconds;

    while (time(NULL) < end) {
        struct pollfd fd = {.fd = ipclocker_fd(lock), .events = ipclocker_events(lock)};
        int timeout_ms = ipclocker_timeout(lock);

        poll(&fd, 1, timeout_ms < 0 || timeout_ms > 1000 ? 1000 : timeout_ms);
        if (ipclocker_process(lock) < 0)
            return -1;
    }
    return 0;
}

/* Waits for the seat or for a key.  Returns as ipclocker_process() does, 0 for a key. */
static int wait_for_seat(struct ipclocker *lock)
{
    int result;

    if (ipclocker_lock_start(lock) != 0)
        return -1;
    while ((result = ipclocker_process(lock)) == 0) {
        struct pollfd fds[2] = {
            {.fd = ipclocker_fd(lock), .events = ipclocker_events(lock)},
            {.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN},
        };

        poll(fds, 2, ipclocker_timeout(lock));
        if (fds[1].revents != 0) {
            ipclocker_cancel(lock);
            return 0;
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    struct ipclocker *lock = ipclocker_create();
    int result;

    if (argc != 3 || lock == NULL) {
        fprintf(stderr, "usage: seat NAMES SECONDS\n");
        ipclocker_destroy(lock);
        return 64;
    }
    ipclocker_set_notice(lock, on_notice, NULL);
    ipclocker_set_verbose(lock, true);
    /* Should this program be killed, the server sees that the connection closes, and the seat is
     * free at once; nothing else is to take it away, such as the default limit of 30 minutes. */
    ipclocker_set_session(lock, true);
    ipclocker_set_hold_limit(lock, 0);
    if (ipclocker_set_locks(lock, argv[1], 1) != 0)
        return give_up(lock);
    result = wait_for_seat(lock);
    if (result < 0)
        return give_up(lock);
    if (result > 0) {
        printf("seat: %s is ours, token %llu\n", ipclocker_lock_name(lock),
               (unsigned long long)ipclocker_token(lock));
        fflush(stdout);
        if (work(lock, (unsigned)strtoul(argv[2], NULL, 10)) != 0)
            return give_up(lock);
    }
    /* Gives the seat back. */
    ipclocker_destroy(lock);
    return 0;
}
