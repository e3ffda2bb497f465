/* pidstat(1): asks about processes here and on other hosts, all at once, or waits for their ends.
 * Must not send or parse datagrams itself. */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "net/port.h"
#include "pidstat/asker.h"

enum {
    EXIT_ALL_EXIST = 0,
    EXIT_ONE_DOWN = 1,
    EXIT_NO_ANSWER = 2,
    TRIES = 5,
    TIMEOUT_MS_DEFAULT = 5000,
    TIMEOUT_MS_MAX = 1000000000,
};

enum {
    OPT_HELP = 1,
    OPT_VERSION,
    OPT_DEBUG,
    OPT_HOST,
    OPT_PORT,
    OPT_SILENT,
    OPT_JSON,
    OPT_TIMEOUT,
    OPT_ANY,
};

static const struct option_spec options[] = {
    {OPT_HOST, 0, "host", "HOST", "the host of PIDs that name none (localhost)"},
    {OPT_PORT, 0, "port", "PORT", "the port of pidstatd there (pidstatd, 1752)"},
    {OPT_TIMEOUT, 0, "timeout", "SECONDS", "wait at most this long (exists: 5, wait: for ever)"},
    {OPT_ANY, 0, "any", NULL, "wait: until one has ended, not all"},
    {OPT_SILENT, 0, "silent", NULL, "print nothing, the exit status tells"},
    {OPT_JSON, 0, "json", NULL, "print a JSON array"},
    {OPT_DEBUG, 0, "debug", NULL, "show what is asked and heard"},
    {OPT_HELP, 'h', "help", NULL, "print this and exit"},
    {OPT_VERSION, 'V', "version", NULL, "print the version and exit"},
    {0},
};

/* One process that was named. */
struct subject {
    struct run *run;
    char *host;
    bool bracketed; /* to be printed as it was written */
    pid_t pid;
    struct asker_question *question; /* while it is open */
    bool known;                      /* at least one result came */
    struct pidstat_result last;      /* without its strings */
    char boot[37];
};

struct run {
    const char *default_host;
    uint16_t port;
    int64_t timeout_ms; /* below 0: not given */
    bool waiting, any, silent, json, debug;
    struct pidstat_asker *asker;
    struct subject *subjects;
    size_t count, open, printed;
    bool one_ended;
};

static void usage(void)
{
    printf("usage: pidstat [options] exists [HOST:]PID...\n"
           "       pidstat [options] wait [--any] [HOST:]PID...\n"
           "Asks whether processes exist, or waits until they have ended.\n\n");
    options_print(stdout, options);
}

static int complain(const char *what, const char *value, const char *advice)
{
    return complaint("pidstat", EX_USAGE, "%s '%s'; %s", what, value, advice);
}

static int set_port(struct run *run, const char *value)
{
    if (service_parse_port(value, "udp", &run->port) == 0)
        return 0;
    return complain("--port cannot be", value, "give 1 to 65535 or a UDP service of /etc/services");
}

static int set_timeout(struct run *run, const char *value)
{
    if (number_parse_seconds(value, TIMEOUT_MS_MAX, &run->timeout_ms) == 0 && run->timeout_ms > 0)
        return 0;
    return complain("--timeout cannot be", value, "give seconds above 0, such as 5 or 0.5");
}

static int take_option(void *context, int option, const char *value)
{
    struct run *run = context;

    switch (option) {
    case OPT_HOST:
        run->default_host = value;
        return 0;
    case OPT_PORT:
        return set_port(run, value);
    case OPT_TIMEOUT:
        return set_timeout(run, value);
    case OPT_ANY:
        run->any = true;
        return 0;
    case OPT_SILENT:
        run->silent = true;
        return 0;
    case OPT_JSON:
        run->json = true;
        return 0;
    default:
        run->debug = true;
        return 0;
    }
}

/* Parses options up to the next word.  Returns an exit status, or -1 to go on. */
static int parse_options(struct run *run, int argc, char **argv)
{
    static const struct command_line_spec spec = {
        .program = "pidstat",
        .table = options,
        .help_id = OPT_HELP,
        .version_id = OPT_VERSION,
        .print_help = usage,
        .take = take_option,
    };

    return command_line_parse(&spec, argc, argv, run);
}

/* Options may stand between and behind the words.  Puts the words to the front of argv, and how
 * many there are into *count.  Returns an exit status, or -1 to go on. */
static int parse_words(struct run *run, int argc, char **argv, int *count)
{
    *count = 0;
    for (;;) {
        int status = parse_options(run, argc, argv);

        if (status >= 0)
            return status;
        if (optind >= argc)
            return -1;
        if (strcmp(argv[optind - 1], "--") == 0) {
            while (optind < argc)
                argv[(*count)++] = argv[optind++];
            return -1;
        }
        argv[(*count)++] = argv[optind++];
    }
}

/* Splits "HOST:PID", "[ADDRESS]:PID" and "PID" into the subject. */
static int parse_subject(const struct run *run, const char *word, struct subject *subject)
{
    const char *colon = strrchr(word, ':');
    const char *host = run->default_host, *pid = word;
    size_t host_len = strlen(host);
    uint64_t number;

    if (colon != NULL) {
        host = word;
        host_len = (size_t)(colon - word);
        pid = colon + 1;
    }
    if (number_parse(pid, INT32_MAX, &number) != 0 || number == 0)
        return complain("there is no process", word, "give PID or HOST:PID, PID being 1 or above");
    subject->bracketed = host_len > 2 && host[0] == '[' && host[host_len - 1] == ']';
    if (subject->bracketed) {
        host++;
        host_len -= 2;
    } else if (colon != NULL && memchr(host, ':', host_len) != NULL) {
        return complain("a host cannot be", word, "write an IPv6 address in brackets");
    }
    subject->host = strndup(host, host_len);
    subject->pid = (pid_t)number;
    if (subject->host == NULL)
        return EX_OSERR;
    if (strchr(subject->host, ':') != NULL)
        subject->bracketed = true;
    return 0;
}

static int parse_subjects(struct run *run, char **words, int count)
{
    run->subjects = calloc((size_t)count, sizeof *run->subjects);
    if (run->subjects == NULL)
        return EX_OSERR;
    for (int i = 0; i < count; i++) {
        int status = parse_subject(run, words[i], &run->subjects[i]);

        if (status != 0)
            return status;
        run->subjects[i].run = run;
        run->count++;
    }
    return 0;
}

static int parse_command(struct run *run, char **words, int count)
{
    if (count == 0) {
        fprintf(stderr, "pidstat: neither exists nor wait is given; see --help\n");
        return EX_USAGE;
    }
    run->waiting = strcmp(words[0], "wait") == 0;
    if (!run->waiting && strcmp(words[0], "exists") != 0)
        return complain("there is no command", words[0], "give exists or wait");
    if (run->any && !run->waiting) {
        fprintf(stderr, "pidstat: --any is for wait only; see --help\n");
        return EX_USAGE;
    }
    if (count == 1) {
        fprintf(stderr, "pidstat: no process is named; give PID or HOST:PID\n");
        return EX_USAGE;
    }
    return parse_subjects(run, words + 1, count - 1);
}

static const char *state_word(const struct subject *subject)
{
    static const char *const words[] = {
        [PIDSTAT_GONE] = "down", [PIDSTAT_EXISTS] = "up", [PIDSTAT_UNKNOWN] = "unknown"};

    return subject->known && subject->last.answered ? words[subject->last.state] : "host_down";
}

static void print_json(const struct subject *subject)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "host", json_object_new_string(subject->host));
    json_object_object_add(object, "pid", json_object_new_int64(subject->pid));
    json_object_object_add(object, "state", json_object_new_string(state_word(subject)));
    if (subject->last.start != 0)
        json_object_object_add(object, "start_time", json_object_new_uint64(subject->last.start));
    if (subject->boot[0] != '\0')
        json_object_object_add(object, "boot_id", json_object_new_string(subject->boot));
    if (subject->last.rtt_us != 0)
        json_object_object_add(object, "rtt_us", json_object_new_int64(subject->last.rtt_us));
    if (subject->last.resolve_error != 0)
        json_object_object_add(object, "error",
                               json_object_new_string(gai_strerror(subject->last.resolve_error)));
    printf("%s", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
    json_object_put(object);
}

static void print_subject(struct run *run, const struct subject *subject)
{
    char shown[1024];

    if (run->silent)
        return;
    if (run->json) {
        printf("%s\n ", run->printed++ == 0 ? "[" : ",");
        print_json(subject);
    } else {
        text_clean(shown, sizeof shown, subject->host, strlen(subject->host));
        printf("%s%s%s:%d %s\n", subject->bracketed ? "[" : "", shown,
               subject->bracketed ? "]" : "", (int)subject->pid, state_word(subject));
    }
    fflush(stdout);
}

static void finish_output(const struct run *run)
{
    if (run->json && !run->silent)
        printf("%s]\n", run->printed == 0 ? "[" : "\n");
}

static void on_trace(void *context, const char *what, const char *host, const char *text)
{
    char shown[4096];

    (void)context;
    text_clean(shown, sizeof shown, text, strlen(text));
    fprintf(stderr, "pidstat: %s %s: %s\n", what, host, shown);
}

static void close_subject(struct subject *subject)
{
    subject->question = NULL;
    subject->run->open--;
}

/* A name that does not exist will not begin to: there is no use in waiting for it. */
static bool is_hopeless(const struct pidstat_result *result)
{
    return result->resolve_error == EAI_NONAME || result->resolve_error == EAI_FAIL;
}

static void explain(const struct subject *subject, const struct pidstat_result *result)
{
    char shown[1024];

    if (subject->run->silent || result->resolve_error == 0)
        return;
    text_clean(shown, sizeof shown, subject->host, strlen(subject->host));
    fprintf(stderr, "pidstat: the host name %s does not resolve: %s\n", shown,
            gai_strerror(result->resolve_error));
}

static void take_result(void *context, const struct pidstat_result *result)
{
    struct subject *subject = context;
    struct run *run = subject->run;

    subject->known = true;
    subject->last = *result;
    subject->last.host = subject->last.boot = NULL;
    if (result->boot != NULL)
        snprintf(subject->boot, sizeof subject->boot, "%s", result->boot);
    if (run->waiting && result->state != PIDSTAT_GONE && !is_hopeless(result))
        return;
    explain(subject, result);
    if (!run->waiting) {
        close_subject(subject);
        return;
    }
    run->one_ended |= result->state == PIDSTAT_GONE;
    print_subject(run, subject);
    if (result->state != PIDSTAT_GONE)
        pidstat_asker_cancel(run->asker, subject->question);
    close_subject(subject);
}

static int ask(struct run *run, struct subject *subject)
{
    const struct pidstat_target target = {
        .host = subject->host,
        .pid = subject->pid,
        .tries = TRIES,
        .flags = run->waiting ? ASK_STANDING : 0,
    };

    subject->question = pidstat_asker_ask(run->asker, &target, take_result, subject);
    if (subject->question != NULL) {
        run->open++;
        return 0;
    }
    if (errno == EINVAL)
        return complain("a host cannot be", subject->host, "give a name or an address");
    fprintf(stderr, "pidstat: cannot ask: %s\n", strerror(errno));
    return EX_OSERR;
}

static bool is_done(const struct run *run)
{
    return run->open == 0 || (run->any && run->one_ended);
}

static void wait_for_answers(struct run *run)
{
    struct pollfd poll_fd = {.fd = pidstat_asker_fd(run->asker), .events = POLLIN};
    int64_t deadline = run->timeout_ms < 0 ? -1 : clock_now_ms() + run->timeout_ms;

    while (!is_done(run)) {
        int64_t left = deadline < 0 ? -1 : deadline - clock_now_ms();

        if (deadline >= 0 && left <= 0)
            return;
        poll(&poll_fd, 1, (int)left);
        pidstat_asker_process(run->asker);
    }
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int status_of(const struct subject *subject)
{
    if (!subject->known || subject->last.state == PIDSTAT_UNKNOWN)
        return EXIT_NO_ANSWER;
    return subject->last.state == PIDSTAT_GONE ? EXIT_ONE_DOWN : EXIT_ALL_EXIST;
}

static int report_exists(struct run *run)
{
    int status = EXIT_ALL_EXIST;

    for (size_t i = 0; i < run->count; i++) {
        print_subject(run, &run->subjects[i]);
        status = worse(status, status_of(&run->subjects[i]));
    }
    return status;
}

static int report_wait(struct run *run)
{
    int status = 0;

    if (run->any && run->one_ended)
        return 0;
    for (size_t i = 0; i < run->count; i++) {
        struct subject *subject = &run->subjects[i];

        if (subject->known && subject->last.state == PIDSTAT_GONE)
            continue;
        if (subject->question != NULL) /* not printed yet */
            print_subject(run, subject);
        status = worse(status, status_of(subject) == EXIT_NO_ANSWER ? EXIT_NO_ANSWER : 1);
    }
    return status;
}

static int run_all(struct run *run)
{
    const struct pidstat_asker_options asker_options = {
        .port = run->port,
        .try_ms = run->waiting ? 0 : (int)((run->timeout_ms + TRIES - 1) / TRIES),
        .max_pending = run->count,
        .trace = run->debug ? on_trace : NULL,
    };
    int status = 0;

    run->asker = pidstat_asker_create(&asker_options);
    if (run->asker == NULL) {
        fprintf(stderr, "pidstat: cannot ask: %s\n", strerror(errno));
        return EX_OSERR;
    }
    for (size_t i = 0; i < run->count && status == 0; i++)
        status = ask(run, &run->subjects[i]);
    if (status == 0) {
        wait_for_answers(run);
        status = run->waiting ? report_wait(run) : report_exists(run);
        finish_output(run);
    }
    pidstat_asker_destroy(run->asker);
    return status;
}

int main(int argc, char **argv)
{
    struct run run = {.default_host = "localhost", .timeout_ms = -1};
    int count, status = parse_words(&run, argc, argv, &count);

    if (status >= 0)
        return status;
    status = parse_command(&run, argv, count);
    if (status == 0) {
        if (!run.waiting && run.timeout_ms < 0)
            run.timeout_ms = TIMEOUT_MS_DEFAULT;
        status = run_all(&run);
    } else if (status == EX_OSERR) {
        fprintf(stderr, "pidstat: out of memory\n");
    }
    for (size_t i = 0; i < run.count; i++)
        free(run.subjects[i].host);
    free(run.subjects);
    if (fflush(stdout) != 0 && status == 0) {
        fprintf(stderr, "pidstat: cannot write the result: %s\n", strerror(errno));
        return EX_OSERR;
    }
    return status;
}
