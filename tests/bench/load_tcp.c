/* Clients that lock and unlock as fast as a server answers: lockerd, the floor or redis, on kept
 * connections, pipelined, or with a connection for each request.
 * Must not be what limits the server: one thread, no memory per answer, one comparison to check it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "meter.h"

enum {
    CLIENTS_MAX = 1000,
    DEPTH_MAX = 512,
    TURN_BYTES = DEPTH_MAX * 64,
    EVENTS = 64,
    WARM_UP_PERCENT = 10,
};

/* What a client sends at once, and what it must be answered. */
struct turn {
    char text[TURN_BYTES];
    char answer[TURN_BYTES];
    size_t text_len, answer_len;
};

/* Has its own owner and lock, so that every LOCK is granted. */
struct client {
    int fd;
    int turn;        /* which of the two comes next, or is being answered */
    size_t answered; /* bytes of this turn's answer that have come */
    struct turn turns[2];
};

/* A server's language, for client `number`. */
struct dialect {
    const char *name;
    /* Adds a LOCK or an UNLOCK, and what it is to be answered. */
    void (*add_command)(struct turn *turn, int number, bool unlocks);
    /* Adds what stands before the commands of a connection; or NULL. */
    void (*add_settings)(char *text, size_t *len, int number);
    const char *first; /* what asks for a first answer on a kept connection */
    const char *last;  /* behind the only command of a connection: the server closes; or NULL */
    bool checked;      /* its answers are, by their bytes; else by their number */
};

static struct client clients[CLIENTS_MAX];

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t *len,
                                                         const char *format, ...)
{
    va_list args;
    int added;

    va_start(args, format);
    added = vsnprintf(text + *len, TURN_BYTES - *len, format, args);
    va_end(args);
    if (added < 0 || (size_t)added >= TURN_BYTES - *len)
        die("a turn is too long");
    *len += (size_t)added;
}

static void add_settings(char *text, size_t *len, int number)
{
    append(text, len, "user host_1%04d_bench\nlocks bench%05d\nblock 0\ntimeout 0\n", number,
           number);
}

static void add_lock_line(struct turn *turn, int number, bool unlocks)
{
    append(turn->text, &turn->text_len, unlocks ? "UNLOCK\n" : "LOCK\n");
    if (unlocks)
        append(turn->answer, &turn->answer_len, "owner \nlocked 0\n\n\n");
    else
        append(turn->answer, &turn->answer_len,
               "owner host_1%04d_bench\nlocked 1\nlockname bench%05d\n\n\n", number, number);
}

static void add_set_or_del(struct turn *turn, int number, bool unlocks)
{
    if (unlocks)
        append(turn->text, &turn->text_len, "*2\r\n$3\r\nDEL\r\n$10\r\nbench%05d\r\n", number);
    else
        append(turn->text, &turn->text_len,
               "*4\r\n$3\r\nSET\r\n$10\r\nbench%05d\r\n$16\r\nhost_1%04d_bench\r\n$2\r\nNX\r\n",
               number, number);
    append(turn->answer, &turn->answer_len, unlocks ? ":1\r\n" : "+OK\r\n");
}

static const struct dialect dialects[] = {
    {"lockerd", add_lock_line, add_settings, "STATUS\n", "\nEOF\n", true},
    {"floor", add_lock_line, add_settings, "STATUS\n", "\nEOF\n", false},
    {"redis", add_set_or_del, NULL, NULL, NULL, true},
};

static const struct dialect *find_dialect(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    }
    die_usage("the server is one of lockerd, floor, redis");
}

/* One command a turn: LOCK and UNLOCK take turns.  More: each turn has all of them, in pairs. */
static void prepare(struct client *client, const struct dialect *dialect, int number, long depth,
                    bool once)
{
    for (int i = 0; i < 2; i++) {
        struct turn *turn = &client->turns[i];

        if (once && dialect->add_settings != NULL)
            dialect->add_settings(turn->text, &turn->text_len, number);
        for (long command = 0; command < depth; command++)
            dialect->add_command(turn, number, depth == 1 ? i == 1 : command % 2 == 1);
        if (once && dialect->last != NULL)
            append(turn->text, &turn->text_len, "%s", dialect->last);
    }
}

static void ask(struct client *client)
{
    client->answered = 0;
    link_send(client->fd, client->turns[client->turn].text, client->turns[client->turn].text_len);
}

/* Takes what has come of the answer.  Returns the number of bytes, 0 at the end. */
static size_t take_answer(struct client *client, const struct dialect *dialect)
{
    static char buf[TURN_BYTES];
    const struct turn *turn = &client->turns[client->turn];
    ssize_t got = recv(client->fd, buf, sizeof buf, 0);

    if (got < 0)
        die("cannot read from the server");
    if ((size_t)got > turn->answer_len - client->answered ||
        (dialect->checked && memcmp(buf, turn->answer + client->answered, (size_t)got) != 0)) {
        fprintf(stderr, "bench: the server answered:\n%.*s\n", (int)got, buf);
        errno = EBADMSG;
        die("not what was expected");
    }
    client->answered += (size_t)got;
    return (size_t)got;
}

static void connect_and_ask(struct client *client, uint16_t port)
{
    client->fd = link_open(port, 0);
    ask(client);
}

/* As the classic client does, reads to the end where the server closes. */
static void finish_once(struct client *client, const struct dialect *dialect)
{
    const struct turn *turn = &client->turns[client->turn];

    while (client->answered < turn->answer_len) {
        if (take_answer(client, dialect) == 0) {
            errno = EPIPE;
            die("the answer is not whole");
        }
    }
    if (dialect->last != NULL && take_answer(client, dialect) != 0)
        die("the server goes on");
    close(client->fd);
    client->turn = !client->turn;
}

/* All clients have a request under way; the one that waits longest is looked after first. */
static uint64_t run_once(const struct dialect *dialect, uint16_t port, long count, double end)
{
    uint64_t requests = 0;

    for (long i = 0; i < count; i++)
        connect_and_ask(&clients[i], port);
    while (now_s() < end) {
        for (long i = 0; i < count; i++) {
            finish_once(&clients[i], dialect);
            connect_and_ask(&clients[i], port);
        }
        requests += (uint64_t)count;
    }
    for (long i = 0; i < count; i++)
        finish_once(&clients[i], dialect);
    return requests + (uint64_t)count;
}

static void open_kept(struct client *client, const struct dialect *dialect, int number, int epoll,
                      uint16_t port)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    char text[TURN_BYTES];
    size_t len = 0;

    client->fd = link_open(port, 0);
    if (dialect->add_settings != NULL) {
        dialect->add_settings(text, &len, number);
        append(text, &len, "%s", dialect->first);
        link_send(client->fd, text, len);
        /* "owner ..." in one segment, with nobody else in the way. */
        if (recv(client->fd, text, sizeof text, 0) <= 0)
            die("no first answer");
    }
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll_ctl");
}

/* Returns how many turns were answered whole. */
static uint64_t serve_ready(int epoll, const struct dialect *dialect, bool go_on)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 10000);
    uint64_t turns = 0;

    if (ready <= 0)
        die("no answer for ten seconds");
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;

        if (take_answer(client, dialect) == 0) {
            errno = EPIPE;
            die("the server closed a connection");
        }
        if (client->answered < client->turns[client->turn].answer_len)
            continue;
        turns++;
        client->turn = !client->turn;
        if (go_on)
            ask(client);
    }
    return turns;
}

/* Ends with all that was asked answered. */
static uint64_t run_kept(int epoll, const struct dialect *dialect, long count, double end)
{
    uint64_t turns = 0, asked = (uint64_t)count;

    for (long i = 0; i < count; i++)
        ask(&clients[i]);
    while (turns < asked) {
        bool go_on = now_s() < end;
        uint64_t answered = serve_ready(epoll, dialect, go_on);

        turns += answered;
        asked += go_on ? answered : 0;
    }
    return turns;
}

/* What is held is given back, so that the next load finds a free lock. */
static void release(struct client *client, const struct dialect *dialect, bool once, uint16_t port)
{
    if (client->turn == 0)
        return;
    if (once)
        client->fd = link_open(port, 0);
    ask(client);
    if (once)
        finish_once(client, dialect);
    else
        while (client->answered < client->turns[1].answer_len && take_answer(client, dialect) > 0)
            continue;
}

int main(int argc, char **argv)
{
    static const char usage[] =
        "load_tcp lockerd|floor|redis once|kept PORT SERVER_PID CLIENTS DEPTH MILLISECONDS";
    const struct dialect *dialect;
    struct meter meter;
    uint64_t requests = 0;
    bool once;
    long count, depth, span_ms;
    uint16_t port;
    pid_t server;
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 8)
        die_usage(usage);
    dialect = find_dialect(argv[1]);
    once = strcmp(argv[2], "once") == 0;
    port = (uint16_t)parse_number(argv[3], 1, UINT16_MAX);
    server = (pid_t)parse_number(argv[4], 1, INT32_MAX);
    count = parse_number(argv[5], 1, CLIENTS_MAX);
    depth = once ? 1 : parse_number(argv[6], 1, DEPTH_MAX);
    span_ms = parse_number(argv[7], 1, 1000000);
    for (int i = 0; i < count; i++) {
        prepare(&clients[i], dialect, i, depth, once);
        if (!once)
            open_kept(&clients[i], dialect, i, epoll, port);
    }
    /* The first round warms up caches and the server's memory, and is not counted. */
    for (int round = 0; round < 2; round++) {
        double span_s = (double)span_ms / 1000 * (round == 0 ? WARM_UP_PERCENT / 100.0 : 1);

        meter_start(&meter, server);
        requests = once ? run_once(dialect, port, count, now_s() + span_s)
                        : run_kept(epoll, dialect, count, now_s() + span_s) * (uint64_t)depth;
    }
    meter_print(&meter, requests);
    for (long i = 0; i < count && depth == 1; i++)
        release(&clients[i], dialect, once, port);
    return 0;
}
