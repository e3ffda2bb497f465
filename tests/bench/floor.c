/* What no server on this machine can go below: the system calls of ours, with fixed answers.
 * Must not do anything that the work does not need: no memory, no parsing, no checks. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

enum {
    BACKLOG = 4096,
    EVENTS = 512,
    BATCH = 64, /* datagrams a system call, as many as pidstatd takes */
    DATAGRAM_BYTES = 512,
    COMMANDS_MAX = 8192, /* in one read: "LOCK\n" is the shortest */
    READ_BYTES = 64 * 1024,
    DESCRIPTORS_MAX = 65536,
};

/* What lockerd answers to load_tcp's LOCK and UNLOCK, in size. */
#define LOCKED "owner host_10000_bench\nlocked 1\nlockname bench00000\n\n\n"
#define UNLOCKED "owner \nlocked 0\n\n\n"
#define PAIR LOCKED UNLOCKED

enum {
    LOCKED_LEN = sizeof LOCKED - 1,
    UNLOCKED_LEN = sizeof UNLOCKED - 1,
    PAIR_LEN = sizeof PAIR - 1,
};

/* LOCKED and UNLOCKED in turns, one more than can be asked for in one read. */
static char answers[(COMMANDS_MAX / 2 + 1) * PAIR_LEN];
static bool unlocks_next[DESCRIPTORS_MAX];
static char input[READ_BYTES];

static void write_answers(int fd, size_t commands)
{
    bool from_unlock = unlocks_next[fd];
    const char *begin = answers + (from_unlock ? LOCKED_LEN : 0);
    size_t len = commands / 2 * PAIR_LEN;

    if (commands % 2 != 0) {
        len += from_unlock ? UNLOCKED_LEN : LOCKED_LEN;
        unlocks_next[fd] = !from_unlock;
    }
    if (send(fd, begin, len, MSG_NOSIGNAL) != (ssize_t)len)
        close(fd);
}

static size_t count_lines(const char *text, size_t len)
{
    const char *end = text + len;
    size_t lines = 0;

    while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        lines++;
        text++;
    }
    return lines;
}

static void serve_kept(int fd)
{
    ssize_t got = recv(fd, input, sizeof input, 0);
    size_t commands;

    if (got <= 0) {
        close(fd);
        return;
    }
    commands = count_lines(input, (size_t)got);
    if (commands > 0)
        write_answers(fd, commands);
}

/* The first bytes of a connection are the whole of it, or the settings and a STATUS. */
static void serve_first(int epoll, int fd)
{
    static const char once_unlock[] = "UNLOCK\n\nEOF\n";
    enum { ONCE_LEN = sizeof once_unlock - 1 };
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    ssize_t got = recv(fd, input, sizeof input, 0);

    if (got < ONCE_LEN) {
        close(fd);
        return;
    }
    if (input[got - 2] == 'F') {
        bool unlocks = input[got - ONCE_LEN] == 'U';

        /* The answer waits for the end of the connection, and both are one segment. */
        send(fd, unlocks ? UNLOCKED : LOCKED, unlocks ? UNLOCKED_LEN : LOCKED_LEN,
             MSG_NOSIGNAL | MSG_MORE);
        close(fd);
        return;
    }
    if (fd >= DESCRIPTORS_MAX || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("cannot keep a connection");
    unlocks_next[fd] = false;
    send(fd, UNLOCKED, UNLOCKED_LEN, MSG_NOSIGNAL);
}

static int open_port(int type, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        die("socket");
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("bind");
    return fd;
}

/* With TCP_DEFER_ACCEPT a connection comes when its first bytes have: there is nothing to wait for.
 */
static void serve_tcp(uint16_t port)
{
    const int defer_s = 1;
    struct epoll_event event = {.events = EPOLLIN}, events[EVENTS];
    int listening = open_port(SOCK_STREAM, port), epoll = epoll_create1(EPOLL_CLOEXEC);

    for (size_t at = 0; at < sizeof answers; at += PAIR_LEN)
        memcpy(answers + at, PAIR, PAIR_LEN);
    event.data.fd = listening;
    if (setsockopt(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof defer_s) != 0 ||
        listen(listening, BACKLOG) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event) != 0)
        die("listen");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;

            if (fd != listening)
                serve_kept(fd);
            else
                while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                    serve_first(epoll, fd);
        }
    }
}

struct datagrams {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in from[BATCH];
    char text[BATCH][DATAGRAM_BYTES];
    _Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void reset_datagrams(struct datagrams *all, int count)
{
    for (int i = 0; i < count; i++) {
        all->parts[i] = (struct iovec){.iov_base = all->text[i], .iov_len = DATAGRAM_BYTES};
        all->messages[i].msg_hdr = (struct msghdr){.msg_name = &all->from[i],
                                                   .msg_namelen = sizeof all->from[i],
                                                   .msg_iov = &all->parts[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = all->control[i],
                                                   .msg_controllen = sizeof all->control[i]};
    }
}

/* The answer goes to where the question came from, from the address that was asked. */
static void answer_datagrams(int fd, struct datagrams *all, int count)
{
    static char text[] = "EXIS 1234567 1 farm1";

    for (int i = 0; i < count; i++)
        all->parts[i] = (struct iovec){.iov_base = text, .iov_len = sizeof text - 1};
    if (sendmmsg(fd, all->messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        die("sendmmsg");
}

static void serve_udp(uint16_t port)
{
    static struct datagrams all;
    struct epoll_event event = {.events = EPOLLIN};
    int fd = open_port(SOCK_DGRAM, port), epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
    reset_datagrams(&all, BATCH);
    for (;;) {
        int count;

        epoll_wait(epoll, &event, 1, -1);
        do {
            count = recvmmsg(fd, all.messages, BATCH, MSG_DONTWAIT, NULL);
            if (count <= 0)
                break;
            answer_datagrams(fd, &all, count);
            reset_datagrams(&all, count);
        } while (count == BATCH);
    }
}

int main(int argc, char **argv)
{
    uint16_t port;

    if (argc != 3)
        die_usage("floor tcp|udp PORT");
    port = (uint16_t)parse_number(argv[2], 1, UINT16_MAX);
    if (strcmp(argv[1], "udp") == 0)
        serve_udp(port);
    else
        serve_tcp(port);
    return 0;
}
