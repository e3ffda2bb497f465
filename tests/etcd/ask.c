/* Makes calls to etcd as lockerd does, for tests: one process, told what to ask line by line.
 *
 *   etcd-ask STATE [WORD=VALUE...]     user, password_file, ca_file, cert_file, key_file
 *
 *   call METHOD TIMEOUT_MS HEX         asks once: txn, range, compact or status
 *   repeat COUNT METHOD TIMEOUT_MS HEX asks so often, and counts
 *   put COUNT REVISION TIMEOUT_MS      puts so many keys, /many/000000 and so on, in one
 * transaction as lockerd packs it, if the first was last changed at REVISION; else it looks at that
 * one interrupt MS                       has calls end from then on; 0: no more
 *
 * A call is answered by "OUTCOME CODE MS URL HEX TEXT", where URL is of the next member to be
 * asked; a series by "ANSWERED REFUSED UNKNOWN MS". Must not know protobuf: who asks does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "store/etcd/members.h"
#include "store/etcd/wire.h"
#include "words.h"

static const char *const outcomes[] = {"answered", "refused", "unknown"};

static enum etcd_method method_of(const char *word)
{
    static const char *const names[] = {"txn", "range", "compact", "status"};

    for (int i = 0; i < 4 && word != NULL; i++) {
        if (strcmp(word, names[i]) == 0)
            return (enum etcd_method)i;
    }
    die("there is no such method");
}

static int digit_of(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static void take_hex(struct buffer *buffer, const char *hex)
{
    for (; hex != NULL && hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char byte = (char)(digit_of(hex[0]) << 4 | digit_of(hex[1]));

        buffer_add(buffer, &byte, 1);
    }
}

static void print_hex(const struct buffer *buffer)
{
    static const char digits[] = "0123456789abcdef";

    if (buffer->len == 0)
        putchar('-');
    for (uint32_t i = 0; i < buffer->len; i++) {
        putchar(digits[(unsigned char)buffer->data[i] >> 4]);
        putchar(digits[(unsigned char)buffer->data[i] & 15]);
    }
}

struct question {
    enum etcd_method method;
    int64_t timeout_ms;
    struct buffer request;
};

/* From the words that strtok() has not given yet. */
static struct question take_question(void)
{
    struct question question = {0};

    question.method = method_of(strtok(NULL, " \n"));
    question.timeout_ms = number_of(strtok(NULL, " \n"));
    take_hex(&question.request, strtok(NULL, " \n"));
    return question;
}

static void ask_once(struct members *members, struct question *question)
{
    struct etcd_caller *caller = members_caller(members);
    struct etcd_error error = {0};
    struct buffer response = {0};
    int64_t begin_ms = clock_now_ms();
    enum etcd_outcome outcome = caller->call(caller, question->method, &question->request,
                                             question->timeout_ms, &response, &error);

    if (outcome == ETCD_ANSWERED)
        error.code = 0;
    printf("%s %d %lld %s ", outcomes[outcome], error.code, (long long)(clock_now_ms() - begin_ms),
           members_url(members));
    print_hex(&response);
    printf(" %s\n", outcome == ETCD_ANSWERED ? "" : error.text);
    buffer_fini(&response);
}

static void ask_often(struct members *members, struct question *question, int64_t count)
{
    struct etcd_caller *caller = members_caller(members);
    struct etcd_error error = {0};
    struct buffer response = {0};
    int64_t counts[3] = {0}, begin_ms = clock_now_ms();

    for (int64_t i = 0; i < count; i++)
        counts[caller->call(caller, question->method, &question->request, question->timeout_ms,
                            &response, &error)]++;
    printf("%lld %lld %lld %lld\n", (long long)counts[0], (long long)counts[1],
           (long long)counts[2], (long long)(clock_now_ms() - begin_ms));
    buffer_fini(&response);
}

struct rows {
    int count;
    int64_t revision; /* of the first */
};

static int count_row(void *context, const struct etcd_row *row)
{
    struct rows *rows = context;

    if (rows->count++ == 0)
        rows->revision = row->revision;
    return 0;
}

static struct buffer pack_puts(size_t count, int64_t revision)
{
    struct etcd_op *ops = calloc(count, sizeof *ops);
    char(*keys)[32] = calloc(count, sizeof *keys);
    struct etcd_guard guard = {etcd_bytes_of("/many/000000"), revision};
    struct etcd_range look = {etcd_bytes_of("/many/000000"), etcd_bytes_of("/many/000001"), 0, 0,
                              false};
    const struct etcd_wire_txn txn = {&guard, 1, ops, count, &look};
    struct buffer request = {0};

    if (ops == NULL || keys == NULL)
        die("there is no memory");
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "/many/%06zu", i);
        ops[i] = (struct etcd_op){ETCD_PUT, etcd_bytes_of(keys[i]), etcd_bytes_of("x")};
    }
    if (etcd_wire_txn(&request, &txn) != 0)
        die("it cannot be packed");
    free(ops);
    free(keys);
    return request;
}

static void put_many(struct members *members)
{
    struct etcd_caller *caller = members_caller(members);
    size_t count = (size_t)number_of(strtok(NULL, " \n"));
    int64_t revision = number_of(strtok(NULL, " \n"));
    struct buffer request = pack_puts(count, revision), response = {0};
    struct etcd_answer answer = {0};
    struct etcd_error error = {0};
    struct rows rows = {0};
    enum etcd_outcome outcome =
        caller->call(caller, ETCD_TXN, &request, number_of(strtok(NULL, " \n")), &response, &error);

    if (outcome == ETCD_ANSWERED && etcd_wire_read_txn(&response, &answer, count_row, &rows) != 0)
        die("the answer is none");
    printf("%s %d %lld %d %s\n", outcomes[outcome], answer.succeeded,
           (long long)(rows.count > 0 ? rows.revision : answer.revision), rows.count,
           outcome == ETCD_ANSWERED ? "" : error.text);
    buffer_fini(&request);
    buffer_fini(&response);
}

static void interrupt_in(int timer, int64_t delay_ms)
{
    const struct itimerspec delay = {
        .it_value = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000}};

    if (timerfd_settime(timer, 0, &delay, NULL) != 0)
        die("the timer cannot be set");
    printf("set\n");
}

static void obey(struct members *members, int timer, char *line)
{
    const char *word = strtok(line, " \n");
    struct question question = {0};
    int64_t count;

    if (word != NULL && strcmp(word, "call") == 0) {
        question = take_question();
        ask_once(members, &question);
    } else if (word != NULL && strcmp(word, "repeat") == 0) {
        count = number_of(strtok(NULL, " \n"));
        question = take_question();
        ask_often(members, &question, count);
    } else if (word != NULL && strcmp(word, "put") == 0) {
        put_many(members);
    } else if (word != NULL && strcmp(word, "interrupt") == 0) {
        interrupt_in(timer, number_of(strtok(NULL, " \n")));
    } else {
        die("there is no such command");
    }
    buffer_fini(&question.request);
    fflush(stdout);
}

static void take_setting(struct members_settings *settings, char *word)
{
    char *value = strchr(word, '=');

    if (value == NULL)
        die("a setting is WORD=VALUE");
    *value++ = '\0';
    if (strcmp(word, "user") == 0)
        settings->user = value;
    else if (strcmp(word, "password_file") == 0)
        settings->password_file = value;
    else if (strcmp(word, "ca_file") == 0)
        settings->ca_file = value;
    else if (strcmp(word, "cert_file") == 0)
        settings->cert_file = value;
    else if (strcmp(word, "key_file") == 0)
        settings->key_file = value;
    else
        die("there is no such setting");
}

int main(int argc, char **argv)
{
    struct members_settings settings = {.interrupt_fd =
                                            timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    char why[ENDPOINT_WHY_SIZE], *line = NULL;
    struct endpoint_list list;
    struct etcd_error error;
    struct members *members;
    size_t size = 0;

    for (int i = 2; i < argc; i++)
        take_setting(&settings, argv[i]);
    if (argc < 2 || endpoint_list_parse(argv[1], &list, why) != 0)
        die(argc < 2 ? "usage: etcd-ask STATE [WORD=VALUE...]" : why);
    members = members_create(&list, &settings, &error);
    if (members == NULL)
        die(error.text);
    while (getline(&line, &size, stdin) > 0)
        obey(members, settings.interrupt_fd, line);
    free(line);
    members_destroy(members);
    return 0;
}
