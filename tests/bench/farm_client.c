/* Virtual clients: what the server says to each, and what each does about it.
 * Must not block on any of them, nor be late for one because of another. */
#include "farm_client.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "farm_words.h"
#include "meter.h"

enum { COMPLAINTS_MOST = 10 };

int64_t farm_now_us(const struct farm *farm)
{
    /* 0 stands for never. */
    return (int64_t)((now_s() - farm->begin_s) * 1e6) + 1;
}

bool farm_job_lives(const struct job *job)
{
    return job->state != JOB_AHEAD && job->state != JOB_OVER;
}

static void complain(struct farm *farm, const struct job *job, const char *what)
{
    if (++farm->complaints <= COMPLAINTS_MOST)
        fprintf(stderr, "bench: job %" PRIu32 " for %s: %s\n", job->number, job->pool, what);
}

/* ---- its state ------------------------------------------------------------------------------- */

/* What the samples count. */
static long *count_of(struct farm *farm, enum job_state state)
{
    static long others;

    switch (state) {
    case JOB_WAITING:
        return &farm->waiting;
    case JOB_HOLDING:
        return &farm->held;
    default:
        return &others;
    }
}

static void to(struct farm *farm, struct job *job, enum job_state state)
{
    --*count_of(farm, job->state);
    job->state = state;
    ++*count_of(farm, state);
}

static void drop_connection(struct job *job)
{
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
    job->is_paused = false;
    free(job->input);
    job->input = NULL;
}

static void finish(struct farm *farm, struct job *job, enum job_end end)
{
    drop_connection(job);
    LIST_REMOVE(job, on_node);
    to(farm, job, JOB_OVER);
    job->end = end;
    farm->present--;
    farm->over++;
}

void farm_client_die(struct farm *farm, struct job *job, enum job_end end, int64_t proof_us)
{
    if (job->state == JOB_GIVING) { /* its job was done */
        finish(farm, job, JOB_END_UNLOCK);
        return;
    }
    job->left_us = farm_now_us(farm);
    job->proof_us = proof_us;
    finish(farm, job, end);
}

static void lose(struct farm *farm, struct job *job, const char *what)
{
    complain(farm, job, what);
    if (job->state != JOB_GIVING)
        job->left_us = job->proof_us = farm_now_us(farm);
    finish(farm, job, job->granted_us == 0 ? JOB_END_REFUSED : JOB_END_LOST);
}

/* ---- what it says ---------------------------------------------------------------------------- */

/* False where the connection is gone, which reading tells. */
static bool say(struct farm *farm, struct job *job, const char *text, size_t len)
{
    ssize_t sent = send(job->fd, text, len, MSG_NOSIGNAL);

    farm->requests++;
    if (sent == (ssize_t)len) {
        farm->sent_bytes += len;
        return true;
    }
    if (sent >= 0 || errno == EAGAIN)
        die("the server does not read");
    return false;
}

static void ask(struct farm *farm, struct job *job)
{
    char text[FARM_WORDS_MAX];

    if (job->granted_us != 0) {
        to(farm, job, JOB_GREETING);
        say(farm, job, text, farm_words_greeting(text));
        return;
    }
    to(farm, job, JOB_ASKING);
    say(farm, job, text, farm_words_lock(&farm->plan, job, text));
}

static void watch(struct farm *farm, struct job *job, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = job};

    if (epoll_ctl(farm->epoll, operation, job->fd, &event) != 0)
        die("epoll_ctl");
}

static void open_socket(struct job *job)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    const int on = 1;

    from.sin_addr = farm_node_address(job->node);
    job->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    job->input = calloc(1, sizeof *job->input);
    if (job->fd < 0 || job->input == NULL)
        die("a client's socket");
    setsockopt(job->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(job->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(job->fd, (struct sockaddr *)&from, sizeof from) != 0)
        die("a node's address");
}

static void connect_and_ask(struct farm *farm, struct job *job)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(farm->port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_socket(job);
    to(farm, job, JOB_CONNECTING);
    if (connect(job->fd, (struct sockaddr *)&address, sizeof address) == 0) {
        watch(farm, job, EPOLL_CTL_ADD, EPOLLIN);
        ask(farm, job);
        return;
    }
    if (errno != EINPROGRESS)
        die("cannot connect to the server");
    watch(farm, job, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void farm_client_arrive(struct farm *farm, struct job *job)
{
    LIST_INSERT_HEAD(&farm->plan.nodes[job->node].jobs, job, on_node);
    farm->present++;
    job->asked_us = farm_now_us(farm);
    if (job->give_up_us != 0)
        timers_add(&farm->timers, TIMER_GIVE_UP, job->number, job->asked_us + job->give_up_us);
    connect_and_ask(farm, job);
}

void farm_client_release(struct farm *farm, struct job *job)
{
    char text[FARM_WORDS_MAX];

    job->is_done = true;
    if (job->state != JOB_HOLDING)
        return;
    to(farm, job, JOB_GIVING);
    job->left_us = job->proof_us = farm_now_us(farm);
    say(farm, job, text, farm_words_unlock(&farm->plan, job, text));
}

/* ---- what it hears --------------------------------------------------------------------------- */

static void take_grant(struct farm *farm, struct job *job, const struct job_input *input)
{
    bool dies = job->kill_us != 0;

    job->granted_us = farm_now_us(farm);
    job->token = input->token;
    job->seats = strdup(input->seats);
    if (job->seats == NULL)
        die("no memory for the names of seats");
    to(farm, job, JOB_HOLDING);
    timers_add(&farm->timers, dies ? TIMER_KILL : TIMER_RELEASE, job->number,
               job->granted_us + (dies ? job->kill_us : job->hold_us));
}

/* A status is whole.  False where the job is over by that. */
static bool take_status(struct farm *farm, struct job *job)
{
    struct job_input *input = job->input;
    bool is_ours = input->is_locked && input->token != 0 && !input->has_error;

    switch (job->state) {
    case JOB_ASKING:
    case JOB_WAITING:
        if (!is_ours) {
            lose(farm, job, "was refused");
            return false;
        }
        take_grant(farm, job, input);
        break;
    case JOB_RENEWING:
        if (!is_ours || input->token != job->token) {
            lose(farm, job, "its grant is not renewed");
            return false;
        }
        to(farm, job, JOB_HOLDING);
        break;
    case JOB_GIVING:
        if (input->has_error)
            lose(farm, job, "its seats are not taken back");
        else
            finish(farm, job, JOB_END_UNLOCK);
        return false;
    default:
        lose(farm, job, "a status that was not asked for");
        return false;
    }
    input->has_status = input->is_locked = input->has_error = false;
    input->token = 0;
    input->seats[0] = '\0';
    if (job->is_done)
        farm_client_release(farm, job);
    return true;
}

static void add_seat(struct job_input *input, const char *name)
{
    size_t len = strlen(input->seats);

    if (len + strlen(name) + 2 > sizeof input->seats) {
        errno = EMSGSIZE;
        die("the names of seats");
    }
    snprintf(input->seats + len, sizeof input->seats - len, "%s%s", len > 0 ? " " : "", name);
}

static void take_wait(struct farm *farm, struct job *job)
{
    char text[FARM_WORDS_MAX];

    to(farm, job, JOB_WAITING);
    if (job->queued_us == 0)
        job->queued_us = farm_now_us(farm);
    say(farm, job, text, farm_words_inside(job, text));
}

static void renew(struct farm *farm, struct job *job)
{
    char text[FARM_WORDS_MAX];

    to(farm, job, JOB_RENEWING);
    say(farm, job, text, farm_words_renew(&farm->plan, job, text));
}

/* False where it is what the job holds. */
static bool take_lost(struct farm *farm, struct job *job, const char *rest)
{
    if (job->granted_us == 0 || strtoull(rest, NULL, 10) != job->token) {
        complain(farm, job, rest);
        return true;
    }
    lose(farm, job, rest);
    return false;
}

/* A line, without its newline.  False where the job is over by that. */
static bool take_line(struct farm *farm, struct job *job, char *line)
{
    struct job_input *input = job->input;
    char *rest = strchr(line, ' ');

    if (rest != NULL)
        *rest++ = '\0';
    else
        rest = line + strlen(line);
    if (line[0] == '\0')
        return !input->has_status || take_status(farm, job);
    if (strcmp(line, "print_waiting") == 0) {
        take_wait(farm, job);
    } else if (strcmp(line, "version") == 0 && job->state == JOB_GREETING) {
        renew(farm, job);
    } else if (strcmp(line, "owner") == 0) {
        input->has_status = true;
    } else if (strcmp(line, "locked") == 0) {
        input->is_locked = strcmp(rest, "1") == 0;
    } else if (strcmp(line, "lockname") == 0) {
        add_seat(input, rest);
    } else if (strcmp(line, "token") == 0) {
        input->token = strtoull(rest, NULL, 10);
    } else if (strcmp(line, "lost") == 0) {
        return take_lost(farm, job, rest);
    } else if (strcmp(line, "error") == 0) {
        complain(farm, job, rest);
        input->has_error = true;
    }
    return true;
}

static void take_lines(struct farm *farm, struct job *job)
{
    struct job_input *input = job->input;
    char *begin = input->text, *end = input->text + input->len, *newline;

    while ((newline = memchr(begin, '\n', (size_t)(end - begin))) != NULL) {
        *newline = '\0';
        if (!take_line(farm, job, begin))
            return;
        begin = newline + 1;
    }
    input->len = (size_t)(end - begin);
    memmove(input->text, begin, input->len);
    if (input->len == sizeof input->text) {
        errno = EMSGSIZE;
        die("a line of the server");
    }
}

static void hear(struct farm *farm, struct job *job)
{
    struct job_input *input = job->input;
    ssize_t got =
        recv(job->fd, input->text + input->len, sizeof input->text - input->len, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lose(farm, job, got == 0 ? "the server has closed" : "its connection has failed");
        return;
    }
    farm->received_bytes += (uint64_t)got;
    input->len += (size_t)got;
    take_lines(farm, job);
}

void farm_client_serve(struct farm *farm, struct job *job)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (job->fd < 0)
        return;
    if (job->state != JOB_CONNECTING) {
        hear(farm, job);
        return;
    }
    if (getsockopt(job->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        errno = error;
        die("cannot connect to the server");
    }
    watch(farm, job, EPOLL_CTL_MOD, EPOLLIN);
    ask(farm, job);
}

/* ---- what befalls it ------------------------------------------------------------------------- */

void farm_client_cut(struct farm *farm, struct job *job)
{
    const struct linger at_once = {.l_onoff = 1};

    job->was_cut = true;
    if (job->fd >= 0)
        setsockopt(job->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    drop_connection(job);
    to(farm, job, JOB_CONNECTING);
}

void farm_client_come_back(struct farm *farm, struct job *job)
{
    connect_and_ask(farm, job);
}

void farm_client_pause(struct farm *farm, struct job *job)
{
    job->was_paused = true;
    if (job->fd < 0 || job->is_paused) /* it is not back from the last trouble */
        return;
    job->is_paused = true;
    watch(farm, job, EPOLL_CTL_DEL, 0);
}

void farm_client_resume(struct farm *farm, struct job *job)
{
    if (!job->is_paused) /* it has come since */
        return;
    job->is_paused = false;
    watch(farm, job, EPOLL_CTL_ADD, job->state == JOB_CONNECTING ? EPOLLIN | EPOLLOUT : EPOLLIN);
}
