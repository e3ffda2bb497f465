/* Feeds datagrams to an asker that waits for answers about processes, as daemons or strangers may
 * send them.
 * Must not depend on chance: what an id is, is asked of the question. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pidstat/asker.h"
#include "pidstat/wire.h"

/* In an input these stand for what the last question had, and for the end of a datagram. */
enum { ID = 0x01, HOST = 0x02, END = 0x1e, PIDS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A daemon's place, and the question that came last. */
static struct daemon {
    int fd;
    uint16_t port;
    struct sockaddr_in asker;
    char id[32], host[PIDSTAT_WIRE_MAX + 1];
} puppet = {.fd = -1};

static void open_puppet(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    if (puppet.fd >= 0)
        return;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    puppet.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(puppet.fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(puppet.fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    puppet.port = ntohs(address.sin_port);
}

/* Takes the words that answers repeat; false when nobody has asked. */
static bool hear_question(void)
{
    char text[PIDSTAT_WIRE_MAX + 2];
    socklen_t len = sizeof puppet.asker;
    struct pidstat_question question;
    ssize_t size =
        recvfrom(puppet.fd, text, PIDSTAT_WIRE_MAX + 1, 0, (struct sockaddr *)&puppet.asker, &len);

    if (size <= 0)
        return false;
    if (pidstat_wire_parse_question(text, (size_t)size, &question) != 0)
        abort();
    snprintf(puppet.id, sizeof puppet.id, "%016llx", (unsigned long long)question.words.id);
    snprintf(puppet.host, sizeof puppet.host, "%s", question.host != NULL ? question.host : "");
    return true;
}

/* Writes a datagram with what stands for the question's words; returns its length. */
static size_t fill_in(char out[PIDSTAT_WIRE_MAX], const uint8_t *data, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < size && len < PIDSTAT_WIRE_MAX; i++) {
        const char *text = data[i] == ID ? puppet.id : data[i] == HOST ? puppet.host : NULL;
        size_t text_len = text != NULL ? strlen(text) : 1;

        if (len + text_len > PIDSTAT_WIRE_MAX)
            break;
        memcpy(out + len, text != NULL ? text : (const char *)&data[i], text_len);
        len += text_len;
    }
    return len;
}

static void reply(struct pidstat_asker *asker, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const uint8_t *end = memchr(data, END, size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        char out[PIDSTAT_WIRE_MAX];
        size_t out_len = fill_in(out, data, len);

        sendto(puppet.fd, out, out_len, 0, (struct sockaddr *)&puppet.asker, sizeof puppet.asker);
        pidstat_asker_process(asker);
        size -= end != NULL ? len + 1 : len;
        data += end != NULL ? len + 1 : len;
    }
}

static void take(void *context, const struct pidstat_result *result)
{
    unsigned *answers = context;

    assert(result->pid > 0 && result->pid <= PIDS && strcmp(result->host, "127.0.0.1") == 0);
    assert(result->answered || result->state == PIDSTAT_UNKNOWN);
    assert(!result->foreign || result->state == PIDSTAT_UNKNOWN);
    answers[result->pid - 1]++;
}

static void ask_all(struct pidstat_asker *asker, unsigned answers[PIDS])
{
    static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";

    for (pid_t pid = 1; pid <= PIDS; pid++) {
        const struct pidstat_target target = {
            .host = "127.0.0.1",
            .pid = pid,
            .start = pid == 2 ? 4711 : 0,
            .boot = pid == 2 ? boot : NULL,
            .pid_namespace = pid == 2 ? 4026531836 : 0,
            .flags = ASK_BY_NETWORK | (pid > 1 ? ASK_STANDING : 0),
        };

        if (pidstat_asker_ask(asker, &target, take, answers) == NULL)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned answers[PIDS] = {0};
    struct pidstat_asker_options options = {.try_ms = 100000, .repeat_ms = 100000};
    struct pidstat_asker *asker;

    open_puppet();
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    if (asker == NULL)
        abort();
    ask_all(asker, answers);
    pidstat_asker_process(asker);
    while (hear_question())
        reply(asker, data, size);
    assert(answers[0] <= 1);
    pidstat_asker_destroy(asker);
    return 0;
}
