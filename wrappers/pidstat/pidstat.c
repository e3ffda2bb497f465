/* pidstat(1): asks about processes here and on other hosts, all at once, or waits for their ends.
 * Must not send or parse datagrams itself. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "cli/command_line.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "net/port.h"
#include "pidstat/asker.h"
#include "subject.h"

enum {
    EXIT_ALL_EXIST = 0,
    EXIT_ONE_DOWN = 1,
    EXIT_NO_ANSWER = 2,
    TRIES = 5,
    TIMEOUT_MS_DEFAULT = 5000,
    TIMEOUT_MS_MAX = 1000000000,
};

struct run {
    const char *default_host;
    uint16_t port;
    int64_t timeout_ms; /* below 0: not given */
    unsigned no_classic;
    bool waiting, any, silent, json, debug;
    struct pidstat_asker *asker;
    struct subject *subjects;
    size_t count, open, printed;
    bool one_ended;
};

static int take_port(void *context, const char *value)
{
    struct run *run = context;

    if (port_parse(value, "udp", &run->port) == 0)
        return 0;
    return cli_error("pidstat", EX_USAGE,
                     "--port cannot be '%s'; give 1 to 65535 or a UDP service of /etc/services",
                     value);
}

static int take_host(void *context, const char *host)
{
    struct run *run = context;

    run->default_host = host;
    return host_option_check("pidstat", "host", host);
}

#define SETTINGS struct run
static const struct option_spec options[] = {
    OPT_CALL("host", "HOST", take_host, "the host of PIDs that name none (localhost)",
             .completion = COMPLETE_HOST),
    OPT_CALL("port", "PORT", take_port, "the port of pidstatd there (pidstatd, 1752)"),
    OPT_WORD("classic-pidstatd", "yes|no", no_classic, "yes|no",
             "whether a pidstatd of the classic package is believed (yes)"),
    OPT_SECONDS("timeout", timeout_ms, 1, TIMEOUT_MS_MAX,
                "wait at most this long (exists: 5, wait: for ever)"),
    OPT_FLAG("any", any, "wait: until one has ended, not all"),
    OPT_FLAG("silent", silent, "print nothing, the exit status tells"),
    OPT_FLAG("json", json, "print a JSON array"),
    OPT_FLAG("debug", debug, "show what is asked and heard"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "pidstat",
    .usage = "pidstat [OPTION]... exists [HOST:]PID...\n"
             "pidstat [OPTION]... wait [--any] [HOST:]PID...",
    .summary = "Asks whether processes exist, or waits until they have ended.",
    .options = options,
    .notes = "Exit status: 0 all exist, or have ended; 1 one does not, or has not; 2 a host did "
             "not answer; 64 usage; 71 system error. See pidstat(1).",
    .words = WORDS_MIXED,
    .completion = COMPLETE_WORDS,
    .candidates = "exists|wait",
};

static size_t count_words(char **words)
{
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    return count;
}

static int parse_subjects(struct run *run, char **words)
{
    size_t count = count_words(words);

    run->subjects = calloc(count, sizeof *run->subjects);
    if (run->subjects == NULL)
        return cli_error("pidstat", EX_OSERR, "out of memory");
    while (run->count < count) {
        struct subject *subject = &run->subjects[run->count++];
        int status = subject_parse(subject, words[run->count - 1], run->default_host);

        if (status != 0)
            return status;
        subject->run = run;
    }
    return 0;
}

static int parse_command(struct run *run, char **words)
{
    if (words[0] == NULL)
        return cli_error("pidstat", EX_USAGE, "neither exists nor wait is given; see --help");
    run->waiting = strcmp(words[0], "wait") == 0;
    if (!run->waiting && strcmp(words[0], "exists") != 0)
        return cli_error("pidstat", EX_USAGE, "there is no command '%s'; give exists or wait",
                         words[0]);
    if (run->any && !run->waiting)
        return cli_error("pidstat", EX_USAGE, "--any is for wait only; see --help");
    if (words[1] == NULL)
        return cli_error("pidstat", EX_USAGE, "no process is named; give PID or HOST:PID");
    return parse_subjects(run, words + 1);
}

static void print_subject(struct run *run, const struct subject *subject)
{
    if (run->silent)
        return;
    if (run->json) {
        printf("%s\n ", run->printed++ == 0 ? "[" : ",");
        subject_print_json(subject, run->port);
    } else {
        subject_print(subject);
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
    (void)context;
    cli_error("pidstat", 0, "%s %s: %s", what, host, text);
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

/* That a host did not answer is said by the word for it, if that is printed soon; what else may be
 * wrong there needs a line, one for each host. */
static void explain(struct subject *subject)
{
    const struct run *run = subject->run;
    const struct pidstat_result *last = &subject->last;
    char why[SUBJECT_WHY_SIZE];

    if (run->silent || !(run->waiting || last->resolve_error != 0 || last->refused ||
                         last->foreign || last->classic))
        return;
    for (const struct subject *other = run->subjects; other < run->subjects + run->count; other++) {
        if (other->explained && strcmp(other->host, subject->host) == 0)
            return;
    }
    if (!subject_explain(subject, run->port, why, sizeof why))
        return;
    cli_error("pidstat", 0, "%s", why);
    subject->explained = true;
}

static void take_result(void *context, const struct pidstat_result *result)
{
    struct subject *subject = context;
    struct run *run = subject->run;

    subject_take(subject, result);
    explain(subject);
    if (run->waiting && result->state != PIDSTAT_GONE && !is_hopeless(result))
        return;
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
        return cli_error("pidstat", EX_USAGE, "a host cannot be '%s'; give a name or an address",
                         subject->host);
    return cli_error("pidstat", EX_OSERR, "cannot ask: %s", error_text(errno));
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
        .no_classic = run->no_classic,
        .trace = run->debug ? on_trace : NULL,
    };
    int status = 0;

    run->asker = pidstat_asker_create(&asker_options);
    if (run->asker == NULL)
        return cli_error("pidstat", EX_OSERR, "cannot ask: %s", error_text(errno));
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
    char **words;
    int status = command_line_parse(&command_line, argc, argv, &run, &words);

    if (status >= 0)
        return status;
    status = parse_command(&run, words);
    if (run.port == 0)
        run.port = port_default("pidstatd", "udp", PORT_PIDSTATD);
    if (!run.waiting && run.timeout_ms < 0)
        run.timeout_ms = TIMEOUT_MS_DEFAULT;
    if (status == 0)
        status = run_all(&run);
    for (size_t i = 0; i < run.count; i++)
        subject_fini(&run.subjects[i]);
    free(run.subjects);
    if (fflush(stdout) != 0 && status == 0)
        return cli_error("pidstat", EX_OSERR, "cannot write the result: %s", error_text(errno));
    return status;
}
