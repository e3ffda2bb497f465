/* Threads that ask munged and the user database.
 * Must not touch the server, but for what it was given before they started. */
#include "auth_worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth_role.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/thread.h"
#include "base/user_database.h"
#include "known_logins.h"
#include "system_groups.h"

enum {
    THREADS = 2,
    PROOF_MS = 5000,        /* for the whole of a proof, its wait for a thread included */
    FAIL_FAST_MS = 2000,    /* behind one that was late */
    THREAD_STACK = 1 << 20, /* what the user database may want is the most of it */
};

TAILQ_HEAD(auth_job_queue, auth_job);

/* What the threads and the loop share.  Whoever is the last frees it. */
struct auth_worker {
    pthread_mutex_t lock;
    sem_t news; /* as many as there is to do; a condition variable would cost a call more each */
    struct auth_job_queue todo, done;
    int fd; /* tells the loop of what is done */
    struct known_logins logins;
    unsigned users;
    bool ends;

    /* Set before the threads start. */
    char *munge_socket;
    const struct auth_roles *roles;
};

/* The loop's own. */
struct auth_desk {
    struct auth_worker *worker;    /* NULL until there is something to do */
    struct auth_job_queue waiting; /* proofs, by their deadline */
    auth_job_done_fn *done;
    struct event readable, late;
    bool has_events;
    int64_t not_before_ms; /* munged has hung: nobody is to be kept waiting until then */
};

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

struct auth_job *auth_job_create(enum auth_job_kind kind)
{
    struct auth_job *job = calloc(1, sizeof *job);

    if (job != NULL)
        job->kind = kind;
    return job;
}

static void destroy_job(struct auth_job *job)
{
    if (job == NULL)
        return;
    free(job->credential);
    free(job->is_in);
    system_groups_release(job->groups);
    explicit_bzero(job, sizeof *job);
    free(job);
}

static void destroy_jobs(struct auth_job_queue *queue)
{
    struct auth_job *job;

    while ((job = TAILQ_FIRST(queue)) != NULL) {
        TAILQ_REMOVE(queue, job, queue);
        destroy_job(job);
    }
}

/* With the lock, which is gone behind it. */
static void leave(struct auth_worker *worker)
{
    bool is_last = --worker->users == 0;

    pthread_mutex_unlock(&worker->lock);
    if (!is_last)
        return;
    destroy_jobs(&worker->todo);
    destroy_jobs(&worker->done);
    close(worker->fd);
    sem_destroy(&worker->news);
    pthread_mutex_destroy(&worker->lock);
    auth_roles_release(worker->roles);
    free(worker->munge_socket);
    free(worker);
}

/* One that has no name may be given one any time. */
static void find_login(struct auth_worker *worker, uint32_t uid, char login[AUTH_LOGIN_SIZE])
{
    bool is_known;

    pthread_mutex_lock(&worker->lock);
    is_known = known_logins_find(&worker->logins, uid, now_ms(), login);
    pthread_mutex_unlock(&worker->lock);
    if (is_known || !user_database_find_login(uid, login, AUTH_LOGIN_SIZE))
        return;
    pthread_mutex_lock(&worker->lock);
    known_logins_note(&worker->logins, uid, now_ms(), login);
    pthread_mutex_unlock(&worker->lock);
}

static void do_proof(struct auth_worker *worker, struct auth_job *job)
{
    job->verdict = munge_judge(worker->munge_socket, job->credential, job->reader, &job->nonce,
                               &job->proof, job->why);
    if (job->verdict != MUNGE_GOOD)
        return;
    find_login(worker, job->proof.uid, job->login);
    auth_roles_judge_munge(worker->roles, job->proof.uid, job->proof.gid, job->login, job->ip,
                           &job->is_admin, &job->is_reaper);
}

static void do_job(struct auth_worker *worker, struct auth_job *job)
{
    switch (job->kind) {
    case AUTH_JOB_SELF:
        job->verdict = munge_find_self(worker->munge_socket, &job->proof.uid, job->why);
        break;
    case AUTH_JOB_PROOF:
        do_proof(worker, job);
        break;
    case AUTH_JOB_LOGIN:
        find_login(worker, job->proof.uid, job->login);
        break;
    case AUTH_JOB_GROUPS:
        job->is_in = system_groups_of(job->groups, job->login);
        break;
    }
}

/* Returns false when there is nothing to do any more, else with what there is: NULL where another
 * one has it. */
static bool take_job(struct auth_worker *worker, struct auth_job **job, bool *is_late)
{
    bool ends;

    while (sem_wait(&worker->news) != 0)
        continue; /* a debugger has stopped it */
    pthread_mutex_lock(&worker->lock);
    ends = worker->ends;
    *job = ends ? NULL : TAILQ_FIRST(&worker->todo);
    if (*job != NULL) {
        TAILQ_REMOVE(&worker->todo, *job, queue);
        *is_late = (*job)->is_late;
    }
    pthread_mutex_unlock(&worker->lock);
    return !ends;
}

/* Told without the lock, for which the loop would have to wait else. */
static void give_back(struct auth_worker *worker, struct auth_job *job)
{
    pthread_mutex_lock(&worker->lock);
    TAILQ_INSERT_TAIL(&worker->done, job, queue);
    pthread_mutex_unlock(&worker->lock);
    descriptor_notify(worker->fd);
}

static void *work(void *context)
{
    struct auth_worker *worker = context;
    struct auth_job *job;
    bool is_late;

    while (take_job(worker, &job, &is_late)) {
        if (job == NULL)
            continue;
        /* Where nobody waits for it any more it would only hold others up. */
        if (!is_late)
            do_job(worker, job);
        give_back(worker, job);
    }
    pthread_mutex_lock(&worker->lock);
    leave(worker);
    return NULL;
}

static void start_thread(struct auth_worker *worker)
{
    worker->users++;
    if (thread_start(NULL, THREAD_STACK, work, worker) != 0)
        worker->users--;
}

static struct auth_worker *worker_create(struct ipclocker_server *server)
{
    struct auth_worker *worker = calloc(1, sizeof *worker);
    const char *socket = server->munge_socket;

    if (worker == NULL)
        return NULL;
    TAILQ_INIT(&worker->todo);
    TAILQ_INIT(&worker->done);
    pthread_mutex_init(&worker->lock, NULL);
    sem_init(&worker->news, 0, 0);
    worker->users = 1;
    worker->roles = auth_roles_share(server->roles);
    worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->munge_socket = socket != NULL ? strdup(socket) : NULL;
    pthread_mutex_lock(&worker->lock);
    if (worker->fd < 0 || (socket != NULL && worker->munge_socket == NULL)) {
        leave(worker);
        return NULL;
    }
    /* With one of them the others are only slower. */
    for (int i = 0; i < THREADS; i++)
        start_thread(worker);
    if (worker->users == 1) {
        leave(worker);
        return NULL;
    }
    pthread_mutex_unlock(&worker->lock);
    return worker;
}

/* A timer that runs for a proof that is done goes on: it is due before any later one is late, and
 * sees then for which it is to run. */
static void arm(struct ipclocker_server *server)
{
    struct auth_desk *desk = server->auth_desk;
    const struct auth_job *first = TAILQ_FIRST(&desk->waiting);
    struct timeval left = {0};
    int64_t left_ms;

    if (first == NULL || evtimer_pending(&desk->late, NULL))
        return;
    left_ms = first->deadline_ms - now_ms();
    if (left_ms > 0)
        left = (struct timeval){.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    evtimer_add(&desk->late, &left);
}

static void note_hang(struct auth_desk *desk, const struct auth_job *job)
{
    /* One that is absent is so at once, and asked again. */
    if (job->verdict == MUNGE_NOBODY && job->deadline_ms - now_ms() < PROOF_MS - 1000)
        desk->not_before_ms = now_ms() + FAIL_FAST_MS;
}

static void tell(struct ipclocker_server *server, struct auth_job *job)
{
    struct auth_desk *desk = server->auth_desk;

    if (job->kind == AUTH_JOB_PROOF && !job->is_late) {
        TAILQ_REMOVE(&desk->waiting, job, in_waiting);
        note_hang(desk, job);
    }
    if (!job->is_late)
        desk->done(server, job);
}

static struct auth_job *take_done(struct auth_worker *worker)
{
    struct auth_job *job;

    pthread_mutex_lock(&worker->lock);
    job = TAILQ_FIRST(&worker->done);
    if (job != NULL)
        TAILQ_REMOVE(&worker->done, job, queue);
    pthread_mutex_unlock(&worker->lock);
    return job;
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct auth_job *job;
    uint64_t count;

    (void)events;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    while ((job = take_done(server->auth_desk->worker)) != NULL) {
        tell(server, job);
        destroy_job(job);
    }
}

/* A thread has the job, or will have it: it is the thread's then, but for what is said of it. */
static void on_late(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct auth_desk *desk = server->auth_desk;
    struct auth_job *job;

    (void)fd;
    (void)events;
    while ((job = TAILQ_FIRST(&desk->waiting)) != NULL && job->deadline_ms <= now_ms()) {
        struct auth_job answer = {.kind = AUTH_JOB_PROOF,
                                  .conn = job->conn,
                                  .verdict = MUNGE_NOBODY,
                                  .why = "munged does not answer"};

        TAILQ_REMOVE(&desk->waiting, job, in_waiting);
        pthread_mutex_lock(&desk->worker->lock);
        job->is_late = true;
        job->conn = NULL;
        pthread_mutex_unlock(&desk->worker->lock);
        desk->not_before_ms = now_ms() + FAIL_FAST_MS;
        desk->done(server, &answer);
    }
    arm(server);
}

static int take_events(struct ipclocker_server *server)
{
    struct auth_desk *desk = server->auth_desk;

    if (desk->worker == NULL || desk->has_events || server->base == NULL)
        return 0;
    event_assign(&desk->readable, server->base, desk->worker->fd, EV_READ | EV_PERSIST, on_readable,
                 server);
    evtimer_assign(&desk->late, server->base, on_late, server);
    desk->has_events = event_add(&desk->readable, NULL) == 0;
    return desk->has_events ? 0 : -1;
}

int auth_worker_submit(struct ipclocker_server *server, struct auth_job *job)
{
    struct auth_desk *desk = server->auth_desk;

    if (desk->worker == NULL)
        desk->worker = worker_create(server);
    if (desk->worker == NULL || take_events(server) != 0) {
        destroy_job(job);
        return -1;
    }
    job->deadline_ms = now_ms() + PROOF_MS;
    if (job->kind == AUTH_JOB_PROOF)
        TAILQ_INSERT_TAIL(&desk->waiting, job, in_waiting);
    pthread_mutex_lock(&desk->worker->lock);
    TAILQ_INSERT_TAIL(&desk->worker->todo, job, queue);
    pthread_mutex_unlock(&desk->worker->lock);
    sem_post(&desk->worker->news); /* whom it wakes finds the lock free */
    arm(server);
    return 0;
}

void auth_worker_wait(struct ipclocker_server *server, int timeout_ms)
{
    struct auth_worker *worker = server->auth_desk->worker;
    struct pollfd news = {.fd = worker != NULL ? worker->fd : -1, .events = POLLIN};

    if (worker != NULL && poll(&news, 1, timeout_ms) > 0)
        on_readable(worker->fd, EV_READ, server);
}

bool auth_worker_is_worthwhile(const struct ipclocker_server *server)
{
    return now_ms() >= server->auth_desk->not_before_ms;
}

int auth_worker_init(struct ipclocker_server *server, auth_job_done_fn *done)
{
    server->auth_desk = calloc(1, sizeof *server->auth_desk);
    if (server->auth_desk == NULL)
        return -1;
    TAILQ_INIT(&server->auth_desk->waiting);
    server->auth_desk->done = done;
    return 0;
}

void auth_worker_stop(struct ipclocker_server *server)
{
    struct auth_desk *desk = server->auth_desk;

    if (!desk->has_events)
        return;
    event_del(&desk->readable);
    evtimer_del(&desk->late);
    desk->has_events = false;
}

void auth_worker_fini(struct ipclocker_server *server)
{
    struct auth_desk *desk = server->auth_desk;

    if (desk != NULL && desk->worker != NULL) {
        pthread_mutex_lock(&desk->worker->lock);
        desk->worker->ends = true;
        for (int i = 0; i < THREADS; i++)
            sem_post(&desk->worker->news);
        leave(desk->worker);
    }
    free(desk);
    server->auth_desk = NULL;
}
