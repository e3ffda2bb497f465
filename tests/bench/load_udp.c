/* Asks a pidstatd, or the floor, about a process that exists, with so many questions under way.
 * Must not be what limits the server: a batch of questions and of answers is one system call each.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "meter.h"

enum { IN_FLIGHT_MAX = 1024, DATAGRAM_BYTES = 512, WARM_UP_PERCENT = 10 };

struct datagrams {
    struct mmsghdr messages[IN_FLIGHT_MAX];
    struct iovec parts[IN_FLIGHT_MAX];
    char text[IN_FLIGHT_MAX][DATAGRAM_BYTES];
};

static struct datagrams questions, answers;

static int connect_udp(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        die("cannot connect to the server");
    return fd;
}

static void prepare(void)
{
    for (int i = 0; i < IN_FLIGHT_MAX; i++) {
        int len = snprintf(questions.text[i], DATAGRAM_BYTES, "PIDR %d farm1 3", (int)getpid());

        questions.parts[i] = (struct iovec){.iov_base = questions.text[i], .iov_len = (size_t)len};
        answers.parts[i] = (struct iovec){.iov_base = answers.text[i], .iov_len = DATAGRAM_BYTES};
        questions.messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &questions.parts[i], .msg_iovlen = 1};
        answers.messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &answers.parts[i], .msg_iovlen = 1};
    }
}

static void ask(int fd, unsigned count)
{
    while (count > 0) {
        int sent = sendmmsg(fd, questions.messages, count, 0);

        if (sent < 0)
            die("cannot ask the server");
        count -= (unsigned)sent;
    }
}

/* Waits for one answer at least.  Returns how many have come. */
static unsigned take_answers(int fd, unsigned max)
{
    int got = recvmmsg(fd, answers.messages, max, MSG_WAITFORONE, NULL);

    if (got <= 0)
        die("no answer for five seconds");
    for (int i = 0; i < got; i++) {
        if (answers.messages[i].msg_len < 6 || memcmp(answers.text[i], "EXIS ", 5) != 0) {
            errno = EBADMSG;
            die("not the answer that was expected");
        }
    }
    return (unsigned)got;
}

static uint64_t run(int fd, unsigned in_flight, double end)
{
    uint64_t answered = 0;
    unsigned open = in_flight;

    ask(fd, in_flight);
    while (open > 0) {
        unsigned got = take_answers(fd, in_flight);

        answered += got;
        if (now_s() < end)
            ask(fd, got);
        else
            open -= got;
    }
    return answered;
}

int main(int argc, char **argv)
{
    struct meter meter;
    unsigned in_flight;
    uint64_t answered = 0;
    double span_s;
    pid_t server;
    int fd;

    if (argc != 5)
        die_usage("load_udp PORT SERVER_PID IN_FLIGHT MILLISECONDS");
    fd = connect_udp((uint16_t)parse_number(argv[1], 1, UINT16_MAX));
    server = (pid_t)parse_number(argv[2], 1, INT32_MAX);
    in_flight = (unsigned)parse_number(argv[3], 1, IN_FLIGHT_MAX);
    span_s = (double)parse_number(argv[4], 1, 1000000) / 1000;
    prepare();
    run(fd, in_flight, now_s() + span_s * WARM_UP_PERCENT / 100);
    meter_start(&meter, server);
    answered = run(fd, in_flight, now_s() + span_s);
    meter_print(&meter, answered);
    return 0;
}
