/* The asking engine against a real server, and against a daemon whose every word the test chooses.
 * Must not sleep where it can wait for something. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pidstat.h"
#include "pidstat_asker.h"
#include "process.h"

#define ELSEWHERE "127.0.0.77"
#define NO_PID 4194304

enum { PATIENCE_MS = 20000 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- what callbacks leave behind ----------------------------------------------------------- */

struct record {
    int calls;
    enum pidstat_verdict verdict;
    uint64_t start;
    char boot[37];
    int resolve_error;
    struct pidstat_asker *asker;
    struct asker_question *to_cancel;
    int order;
};

static int next_order;

static void take(void *context, const struct pidstat_result *result)
{
    struct record *record = context;

    record->calls++;
    record->verdict = result->verdict;
    record->start = result->start;
    record->resolve_error = result->resolve_error;
    record->order = ++next_order;
    snprintf(record->boot, sizeof record->boot, "%s", result->boot != NULL ? result->boot : "");
    if (record->to_cancel != NULL)
        pidstat_asker_cancel(record->asker, record->to_cancel);
    record->to_cancel = NULL;
}

/* ---- a daemon that says what it is told ---------------------------------------------------- */

struct puppet {
    int fd;
    uint16_t port;
    struct sockaddr_in asker;
    char heard[1100];
    int count;
};

static void puppet_open(struct puppet *puppet)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    memset(puppet, 0, sizeof *puppet);
    inet_pton(AF_INET, ELSEWHERE, &address.sin_addr);
    puppet->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(puppet->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(puppet->fd, (struct sockaddr *)&address, &len), 0);
    puppet->port = ntohs(address.sin_port);
}

static void puppet_say(const struct puppet *puppet, const char *text)
{
    assert_int_equal(sendto(puppet->fd, text, strlen(text), 0,
                            (const struct sockaddr *)&puppet->asker, sizeof puppet->asker),
                     strlen(text));
}

static int puppet_hears(struct puppet *puppet)
{
    socklen_t len = sizeof puppet->asker;
    ssize_t got = recvfrom(puppet->fd, puppet->heard, sizeof puppet->heard - 1, 0,
                           (struct sockaddr *)&puppet->asker, &len);

    if (got < 0)
        return 0;
    puppet->heard[got] = '\0';
    puppet->count++;
    return 1;
}

static void turn(struct pidstat_asker *asker, int ms)
{
    struct pollfd poll_fd = {.fd = pidstat_asker_fd(asker), .events = POLLIN};

    if (poll(&poll_fd, 1, ms) > 0)
        pidstat_asker_process(asker);
}

static void hear_one(struct pidstat_asker *asker, struct puppet *puppet)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (!puppet_hears(puppet)) {
        assert_true(now_ms() < until);
        turn(asker, 1);
    }
}

static void wait_calls(struct pidstat_asker *asker, const struct record *record, int calls)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (record->calls < calls) {
        assert_true(now_ms() < until);
        turn(asker, 10);
    }
}

static void turn_for(struct pidstat_asker *asker, int ms)
{
    int64_t until = now_ms() + ms;

    while (now_ms() < until)
        turn(asker, 5);
}

static struct pidstat_asker *make_asker(const struct puppet *puppet)
{
    const struct pidstat_asker_options options = {
        .port = puppet->port, .try_ms = 5000, .repeat_ms = 5000};
    struct pidstat_asker *asker = pidstat_asker_create(&options);

    assert_non_null(asker);
    return asker;
}

/* Answers the last question with its own id. */
static void puppet_answers(const struct puppet *puppet, const char *kind_pid_value,
                           const char *words)
{
    const char *id = strstr(puppet->heard, " id=");
    char text[512];

    assert_non_null(id);
    snprintf(text, sizeof text, "%s " ELSEWHERE "%.20s%s", kind_pid_value, id, words);
    puppet_say(puppet, text);
}

static void an_answer_is_one_call(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    assert_int_equal(pidstat_asker_pending(asker), 1);
    hear_one(asker, &puppet);
    puppet_answers(&puppet, "EXIS 42 1", " start=77");
    puppet_answers(&puppet, "EXIS 42 0", "");
    wait_calls(asker, &record, 1);
    turn_for(asker, 50);
    assert_int_equal(record.calls, 1);
    assert_int_equal(record.verdict, VERDICT_EXISTS);
    assert_int_equal(record.start, 77);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void forged_answers_are_ignored(void **state)
{
    static const char *const forged[] = {"EXIS 42 0 other.host", "EXIS 43 0 " ELSEWHERE,
                                         "EXIS 42 0 " ELSEWHERE " id=0000000000000000", "junk",
                                         "EXIS 42 0"};
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct record record = {0};
    struct puppet puppet, stranger;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    puppet_open(&stranger);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        puppet_say(&puppet, forged[i]);
    /* Right in every word, but from another port, and without the id. */
    stranger.asker = puppet.asker;
    puppet_say(&stranger, "EXIS 42 0 " ELSEWHERE);
    turn_for(asker, 50);
    assert_int_equal(record.calls, 0);
    puppet_say(&puppet, "EXIS 42 1 " ELSEWHERE);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_EXISTS);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
    close(stranger.fd);
}

static void a_classic_daemon_proves_an_end_but_no_identity(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .start = 99};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=99"));
    puppet_say(&puppet, "EXIS 42 1 " ELSEWHERE);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_UNKNOWN);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    puppet_say(&puppet, "EXIS 42 0 " ELSEWHERE);
    wait_calls(asker, &record, 2);
    assert_int_equal(record.verdict, VERDICT_GONE);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void a_standing_question_keeps_the_identity_and_the_proof(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=? boot=? watch=?"));
    puppet_answers(&puppet, "EXIS 42 1",
                   " start=77 boot=01234567-89ab-cdef-0123-456789abcdef watch=00000000000000ab");
    /* The proof is shown at once, not with the next round. */
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=77 boot=01234567-89ab-cdef-0123-456789abcdef "
                                         "watch=00000000000000ab"));
    puppet_answers(&puppet, "EXIS 42 1", " start=77 watch=00000000000000ab");
    wait_calls(asker, &record, 2);
    /* The end, unasked. */
    puppet_answers(&puppet, "EXIS 42 0", " start=77");
    wait_calls(asker, &record, 3);
    assert_int_equal(record.verdict, VERDICT_GONE);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void a_daemon_that_changes_its_proof_is_not_asked_in_a_circle(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;
    int64_t until;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    until = now_ms() + 300;
    while (now_ms() < until) {
        char words[40];

        if (puppet_hears(&puppet)) {
            snprintf(words, sizeof words, " watch=%016d", puppet.count);
            puppet_answers(&puppet, "EXIS 42 1", words);
        }
        turn(asker, 1);
    }
    assert_in_range(puppet.count, 2, 3);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void silence_is_no_end_and_tries_are_counted(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .tries = 3};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;
    struct pidstat_asker_options options = {.try_ms = 20};

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_NO_ANSWER);
    while (puppet_hears(&puppet))
        continue;
    assert_int_equal(puppet.count, 3);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void the_rate_is_kept_and_the_urgent_go_first(void **state)
{
    enum { COUNT = 40 };
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .tries = 1};
    static struct record records[COUNT];
    struct asker_question *last = NULL;
    struct puppet puppet;
    struct pidstat_asker *asker;
    struct pidstat_asker_options options = {.rate = 100};
    int64_t begun = now_ms(), until = begun + PATIENCE_MS;
    int answered = 0;

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    memset(records, 0, sizeof records);
    next_order = 0;
    for (int i = 0; i < COUNT; i++) {
        target.pid = 100 + i;
        target.flags = i == COUNT - 2 ? ASK_URGENT : 0;
        last = pidstat_asker_ask(asker, &target, take, &records[i]);
    }
    pidstat_asker_hurry(asker, last);
    while (answered < COUNT && now_ms() < until) {
        if (puppet_hears(&puppet)) {
            char kind[64];

            snprintf(kind, sizeof kind, "EXIS %d 1", atoi(puppet.heard + 5));
            puppet_answers(&puppet, kind, "");
            answered++;
        }
        turn(asker, 1);
    }
    wait_calls(asker, &records[COUNT - 3], 1);
    assert_true(now_ms() - begun >= (COUNT - 1) * 10);
    assert_int_equal(records[COUNT - 2].order, 1);
    assert_int_equal(records[COUNT - 1].order, 2);
    assert_int_equal(records[0].order, 3);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void questions_may_be_cancelled_from_a_call(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record first = {0}, second = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    first.asker = second.asker = asker;
    /* Whichever is called first ends the other; then it ends itself. */
    second.to_cancel = pidstat_asker_ask(asker, &target, take, &first);
    first.to_cancel = pidstat_asker_ask(asker, &target, take, &second);
    hear_one(asker, &puppet);
    hear_one(asker, &puppet);
    puppet_say(&puppet, "EXIS 42 1 " ELSEWHERE);
    while (first.calls + second.calls == 0)
        turn(asker, 10);
    turn_for(asker, 30);
    assert_int_equal(first.calls + second.calls, 1);
    assert_int_equal(pidstat_asker_pending(asker), 1);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void the_number_of_questions_is_bounded(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    const struct pidstat_asker_options options = {.max_pending = 2};
    struct pidstat_asker *asker = pidstat_asker_create(&options);
    struct record record = {0};
    struct asker_question *question;

    (void)state;
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    question = pidstat_asker_ask(asker, &target, take, &record);
    assert_null(pidstat_asker_ask(asker, &target, take, &record));
    assert_int_equal(errno, EAGAIN);
    pidstat_asker_cancel(asker, question);
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    pidstat_asker_destroy(asker);
}

static pid_t start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    return pid;
}

static void an_end_on_this_host_is_told_at_once(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    pid_t pid = start_sleeper();
    const struct pidstat_target target = {.pid = pid, .flags = ASK_STANDING};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_EXISTS);
    kill(pid, SIGKILL);
    while (record.verdict != VERDICT_GONE)
        wait_calls(asker, &record, record.calls + 1);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    waitpid(pid, NULL, 0);
    pidstat_asker_destroy(asker);
}

static void another_boot_of_this_host_is_another_process(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    const struct pidstat_target target = {.pid = getpid(),
                                          .boot = "00000000-0000-0000-0000-000000000000"};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_GONE);
    pidstat_asker_destroy(asker);
}

static void names_that_do_not_resolve_say_so(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    const struct pidstat_target target = {.host = "no..such..name", .pid = 1};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.verdict, VERDICT_NO_ANSWER);
    assert_true(record.resolve_error != 0);
    pidstat_asker_destroy(asker);
}

/* ---- with our own server ------------------------------------------------------------------- */

struct pair {
    struct event_base *base;
    struct pidstat_server *server;
    struct pidstat_asker *asker;
};

static struct pidstat_asker *make_patient_asker(uint16_t port)
{
    const struct pidstat_asker_options options = {.port = port, .repeat_ms = 30000};
    struct pidstat_asker *asker = pidstat_asker_create(&options);

    assert_non_null(asker);
    return asker;
}

static void pair_open(struct pair *pair, size_t max_watches)
{
    struct puppet probe;
    char port[8];

    puppet_open(&probe);
    close(probe.fd);
    snprintf(port, sizeof port, "%u", probe.port);
    pair->base = event_base_new();
    pair->server = pidstat_server_create();
    pidstat_server_set_host(pair->server, ELSEWHERE);
    pidstat_server_set_port(pair->server, port);
    pidstat_server_set_max_watches(pair->server, max_watches);
    assert_int_equal(pidstat_server_listen(pair->server), 0);
    assert_int_equal(pidstat_server_attach(pair->server, pair->base), 0);
    pair->asker = make_patient_asker(probe.port);
}

static void pair_close(struct pair *pair)
{
    pidstat_asker_destroy(pair->asker);
    pidstat_server_destroy(pair->server);
    event_base_free(pair->base);
}

static struct pidstat_server_stats pair_turn(struct pair *pair)
{
    struct pidstat_server_stats stats;

    event_base_loop(pair->base, EVLOOP_NONBLOCK);
    turn(pair->asker, 1);
    pidstat_server_stats(pair->server, &stats);
    return stats;
}

/* Without pidfd a server cannot watch; valgrind 3.19 is such a kernel. */
static bool lacks_pidfd(void)
{
    int fd = process_open(getpid(), 0);

    if (fd < 0 && errno == ENOSYS) {
        print_message("# this kernel has no pidfd: watches are not tried\n");
        return true;
    }
    close(fd);
    return false;
}

static void the_server_tells_an_end_to_all_who_watch(void **state)
{
    enum { COUNT = 80 };
    static struct record records[COUNT];
    static struct pidstat_asker *askers[COUNT];
    struct pidstat_target target = {.host = ELSEWHERE, .flags = ASK_STANDING};
    int64_t until = now_ms() + PATIENCE_MS;
    bool killed = false;
    struct pair pair;
    int gone;

    (void)state;
    if (lacks_pidfd())
        return;
    target.pid = start_sleeper();
    pair_open(&pair, COUNT);
    memset(records, 0, sizeof records);
    for (int i = 0; i < COUNT; i++) {
        askers[i] = make_patient_asker(pidstat_server_port(pair.server));
        assert_non_null(pidstat_asker_ask(askers[i], &target, take, &records[i]));
    }
    do {
        if (pair_turn(&pair).watches == COUNT && !killed)
            killed = kill(target.pid, SIGKILL) == 0;
        gone = 0;
        for (int i = 0; i < COUNT; i++) {
            pidstat_asker_process(askers[i]);
            gone += records[i].calls > 0 && records[i].verdict == VERDICT_GONE;
        }
        assert_true(now_ms() < until);
    } while (gone < COUNT);
    assert_int_equal(pair_turn(&pair).watches, 0);
    assert_int_equal(pair_turn(&pair).watched, COUNT);
    waitpid(target.pid, NULL, 0);
    for (int i = 0; i < COUNT; i++)
        pidstat_asker_destroy(askers[i]);
    pair_close(&pair);
}

static void watches_are_bounded_and_polling_goes_on(void **state)
{
    pid_t pids[3];
    struct record records[3] = {{0}};
    struct pair pair;
    struct pidstat_server_stats stats;
    int64_t until = now_ms() + PATIENCE_MS;

    (void)state;
    if (lacks_pidfd())
        return;
    pair_open(&pair, 2);
    for (int i = 0; i < 3; i++) {
        struct pidstat_target target = {.host = ELSEWHERE, .flags = ASK_STANDING};

        target.pid = pids[i] = start_sleeper();
        pidstat_asker_ask(pair.asker, &target, take, &records[i]);
    }
    do {
        stats = pair_turn(&pair);
        assert_true(now_ms() < until);
    } while (stats.refused < 1 || stats.watches < 2);
    assert_int_equal(stats.watches, 2);
    for (int i = 0; i < 3; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    do {
        stats = pair_turn(&pair);
        assert_true(now_ms() < until);
    } while (stats.watches > 0);
    assert_int_equal(stats.watched, 2);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_one_call),
        cmocka_unit_test(forged_answers_are_ignored),
        cmocka_unit_test(a_classic_daemon_proves_an_end_but_no_identity),
        cmocka_unit_test(a_standing_question_keeps_the_identity_and_the_proof),
        cmocka_unit_test(a_daemon_that_changes_its_proof_is_not_asked_in_a_circle),
        cmocka_unit_test(silence_is_no_end_and_tries_are_counted),
        cmocka_unit_test(the_rate_is_kept_and_the_urgent_go_first),
        cmocka_unit_test(questions_may_be_cancelled_from_a_call),
        cmocka_unit_test(the_number_of_questions_is_bounded),
        cmocka_unit_test(an_end_on_this_host_is_told_at_once),
        cmocka_unit_test(another_boot_of_this_host_is_another_process),
        cmocka_unit_test(names_that_do_not_resolve_say_so),
        cmocka_unit_test(the_server_tells_an_end_to_all_who_watch),
        cmocka_unit_test(watches_are_bounded_and_polling_goes_on),
    };

    return cmocka_run_group_tests_name("pidstat_asker", tests, NULL, NULL);
}
