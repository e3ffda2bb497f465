/* Clients that lock and unlock on kept connections as fast as a server answers: PORT CLIENTS
 * SECONDS. Prints how many answers came a second. Must not be what limits the server: one thread,
 * no memory per answer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1000 };

struct client {
    int fd;
    int newlines; /* in a row */
    int locked;
};

static void die(const char *what)
{
    perror(what);
    exit(71);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void ask(struct client *client)
{
    const char *text = client->locked ? "UNLOCK\n" : "LOCK\n";

    client->locked = !client->locked;
    if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        die("send");
}

static void start(struct client *client, uint16_t port, int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    char text[128];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    snprintf(text, sizeof text, "user host_%d_bench\nlocks bench%d\n", 1000 + number, number);
    if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        die("send");
    ask(client);
}

/* Returns how many answers have ended: two empty lines each. */
static long read_answers(struct client *client)
{
    char buf[4096];
    ssize_t len = recv(client->fd, buf, sizeof buf, 0);
    long answers = 0;

    if (len <= 0)
        die("the server has gone");
    for (ssize_t i = 0; i < len; i++) {
        client->newlines = buf[i] == '\n' ? client->newlines + 1 : 0;
        if (client->newlines < 3)
            continue;
        client->newlines = 0;
        answers++;
        ask(client);
    }
    return answers;
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX];
    struct epoll_event events[64];
    int epoll = epoll_create1(0), count;
    double begin, end;
    long answers = 0;

    if (argc != 4 || (count = atoi(argv[2])) < 1 || count > CLIENTS_MAX) {
        fputs("usage: lock_load PORT CLIENTS SECONDS\n", stderr);
        return 64;
    }
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

        start(&clients[i], (uint16_t)atoi(argv[1]), i);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event) != 0)
            die("epoll_ctl");
    }
    begin = now_s();
    end = begin + atof(argv[3]);
    while (now_s() < end) {
        int ready = epoll_wait(epoll, events, 64, 1000);

        for (int i = 0; i < ready; i++)
            answers += read_answers(events[i].data.ptr);
    }
    printf("%.0f\n", (double)answers / (now_s() - begin));
    return 0;
}
