/* A report from a running server, by the HISTORY command of lockerd-protocol(7).
 * Must not trust what comes back to be well formed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/number.h"
#include "client/stream.h"
#include "report.h"

enum { ANSWER_S = 60, LINE_MAX_BYTES = 512 * 1024 };

static int fail(char error[REPORT_ERROR_SIZE], int number, const char *what, const char *why)
{
    snprintf(error, REPORT_ERROR_SIZE, "%s: %s", what, why);
    errno = number;
    return -1;
}

static FILE *open_connection(struct ipclocker *lock, char error[REPORT_ERROR_SIZE])
{
    const struct timeval limit = {.tv_sec = ANSWER_S};
    int fd = client_stream_open(lock);
    FILE *stream;

    if (fd < 0) {
        snprintf(error, REPORT_ERROR_SIZE, "%s", ipclocker_error(lock));
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    stream = fdopen(fd, "r");
    if (stream == NULL) {
        fail(error, errno, "no memory", strerror(errno));
        close(fd);
    }
    return stream;
}

static bool send_text(FILE *stream, const char *text)
{
    size_t len = strlen(text);

    return send(fileno(stream), text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static const char *known(const char *word)
{
    return word != NULL && strcmp(word, "-") != 0 ? word : NULL;
}

static int64_t next_time(char **rest)
{
    const char *word = strsep(rest, " ");
    uint64_t number;

    return word != NULL && number_parse(word, INT64_MAX, &number) == 0 ? (int64_t)number : -1;
}

static int past_of(const char *word)
{
    static const char *const words[] = {"hold", "refused", "left"};

    for (int i = 0; word != NULL && i < 3; i++) {
        if (strcmp(word, words[i]) == 0)
            return i;
    }
    return -1;
}

/* A line behind "past ".  One that cannot be understood may be a later server's. */
static int add_line(struct report *report, char *rest)
{
    struct store_history entry = {0};
    int past = past_of(strsep(&rest, " "));
    int64_t token, pid;

    strsep(&rest, " ");
    token = next_time(&rest);
    entry.asked_ms = next_time(&rest);
    entry.granted_ms = next_time(&rest);
    entry.ended_ms = next_time(&rest);
    pid = next_time(&rest);
    entry.owner = known(strsep(&rest, " "));
    entry.host = known(strsep(&rest, " "));
    entry.job = known(strsep(&rest, " "));
    entry.lock = rest;
    if (past < 0 || token < 0 || pid < 0 || entry.asked_ms < 0 || entry.granted_ms < 0 ||
        entry.ended_ms < 0 || entry.owner == NULL || entry.lock == NULL)
        return 0;
    entry.past = (enum store_past)past;
    entry.token = (uint64_t)token;
    entry.pid = (uint64_t)pid;
    return report_add(report, &entry);
}

/* Reads up to the end of an answer.  Returns 0 with *next, or -1. */
static int read_answer(FILE *stream, struct report *report, uint64_t *next,
                       char error[REPORT_ERROR_SIZE])
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int result = 1;

    while (result > 0 && (len = getline(&line, &size, stream)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (len > LINE_MAX_BYTES)
            break;
        if (strncmp(line, "past ", 5) == 0 && add_line(report, line + 5) != 0)
            result = fail(error, ENOMEM, "cannot keep the history", strerror(ENOMEM));
        else if (strncmp(line, "history ", 8) == 0)
            result = number_parse(line + 8, INT64_MAX, next) == 0 ? 0 : 1;
        else if (strncmp(line, "error ", 6) == 0)
            result = fail(error, EPROTO, "the server refused", line + 6);
    }
    free(line);
    if (result > 0)
        return fail(error, EPROTO, "the server",
                    ferror(stream) ? "it does not answer" : "it closed the connection");
    return result;
}

int report_ask_server(struct report *report, struct ipclocker *lock, char error[REPORT_ERROR_SIZE])
{
    FILE *stream = open_connection(lock, error);
    uint64_t next = 0;
    char question[128];
    int result = 0, saved_errno;

    if (stream == NULL)
        return -1;
    while (result == 0) {
        snprintf(question, sizeof question, "HISTORY %lld %lld %llu\n",
                 (long long)report_since_ms(report), (long long)report_until_ms(report),
                 (unsigned long long)next);
        next = 0;
        if (!send_text(stream, question))
            result = fail(error, EPIPE, "the server", "it closed the connection");
        else
            result = read_answer(stream, report, &next, error);
        if (next == 0)
            break;
    }
    saved_errno = errno;
    fclose(stream);
    errno = saved_errno;
    return result;
}
