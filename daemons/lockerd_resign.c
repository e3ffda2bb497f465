/* Giving up to lead, among several lockerd that share a state.
 * Must not take it from another lockerd than the one that is meant. */
#include "lockerd_resign.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "log.h"
#include "pid_file.h"
#include "server/replicated.h"
#ifdef FARMLOCK_ETCD
#include "store/etcd_store.h"
#endif

#ifdef FARMLOCK_ETCD
enum {
    EXIT_NOT_DONE = 1,
    LOOK_MS = 3000,          /* for one answer of etcd */
    LOOK_EVERY_MS = 500,     /* each look is a new connection and login */
    RESIGN_MS = 5000,        /* for the one that leads, which may wait for etcd itself */
    TAKEOVER_MORE_MS = 3000, /* beyond twice the time of a takeover: who has resigned leads again */
    FOR_ANOTHER_MS = 2000,
};

/* Returns 0, or the status to exit with, and what to say in `error`; *leader is then as it was. */
static int look(const struct lockerd_options *options, struct store_leader *leader,
                char error[STORE_ERROR_SIZE])
{
    struct store_options store = {.path = options->state, .etcd = options->etcd};

    store.etcd.instance = "none";
    store.etcd.host = "";
    if (store_etcd_look(&store, LOOK_MS, leader, error) == 0)
        return 0;
    return errno == EINVAL ? EX_USAGE : EX_UNAVAILABLE;
}

/* Looks until leading has changed hands, or nobody leads any more.  *leader is who did before, and
 * then who does.  A look that fails is done again: etcd may be back.  Returns what the last one
 * did, also behind the time. */
static int wait_for_change(const struct lockerd_options *options, struct store_leader *leader,
                           int64_t most_ms, char error[STORE_ERROR_SIZE])
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    int64_t revision = leader->revision, until_ms = clock_now_ms() + most_ms;
    int status;

    do {
        nanosleep(&pause, NULL);
        status = look(options, leader, error);
    } while (leader->revision == revision && clock_now_ms() < until_ms);
    return status;
}

/* The process that the order goes to.  Returns 0, or the status to exit with. */
static int find_process(const struct lockerd_options *options, const struct privileges *user,
                        pid_t *pid)
{
    uid_t owner = user->user != NULL ? user->uid : geteuid();
    char why[OWN_FILE_WHY_SIZE];

    if (!store_is_shared(options->state))
        return cli_error("lockerd", EX_USAGE,
                         "--resign is for several lockerd that share a state in etcd; name it with "
                         "--state");
    if (options->pid_file == NULL)
        return cli_error("lockerd", EX_USAGE,
                         "--resign needs the --pid-file of the lockerd that is to give up leading; "
                         "where it has none, send it SIGUSR1");
    *pid = pid_file_find(options->pid_file, owner, why);
    if (*pid > 0)
        return 0;
    if (errno == ESRCH)
        return cli_error("lockerd", EX_UNAVAILABLE, "no lockerd runs with the pid file %s",
                         options->pid_file);
    return cli_error("lockerd", EX_OSERR, "cannot use the pid file %s: %s", options->pid_file, why);
}

static bool is_elsewhere(const struct store_leader *leader)
{
    char host[sizeof leader->host] = "";

    return gethostname(host, sizeof host - 1) != 0 || strcmp(host, leader->host) != 0;
}

/* Whether there is something to give up, as far as that is seen from here. */
static int check_leader(const struct store_leader *leader)
{
    if (leader->is_vacant)
        return cli_error("lockerd", EXIT_NOT_DONE, "there is nothing to give up: nobody leads");
    if (is_elsewhere(leader))
        return cli_error("lockerd", EXIT_NOT_DONE,
                         "this lockerd stands by: the one at %s leads (%s), term %llu",
                         leader->host, leader->listens, (unsigned long long)leader->term);
    return 0;
}

/* What came of the order. */
static int tell_outcome(const struct store_leader *before, const struct store_leader *now)
{
    if (now->revision == before->revision)
        return cli_error("lockerd", EXIT_NOT_DONE,
                         "nothing was given up: the lockerd at %s leads (%s), term %llu; where "
                         "that is the one that was meant, its log says why",
                         now->host, now->listens, (unsigned long long)now->term);
    if (now->is_vacant)
        return cli_error("lockerd", EXIT_NOT_DONE,
                         "it has given up leading, and nobody has taken over yet");
    if (strcmp(now->instance, before->instance) == 0)
        return cli_error("lockerd", EXIT_NOT_DONE,
                         "no other lockerd has taken over, so this one leads again");
    cli_error_to(STDOUT_FILENO, "lockerd", "the one at %s leads now (%s), term %llu", now->host,
                 now->listens, (unsigned long long)now->term);
    return 0;
}

int lockerd_resign(const struct lockerd_options *options, const struct privileges *user)
{
    struct store_leader before, now;
    char error[STORE_ERROR_SIZE];
    pid_t pid = -1;
    int status = find_process(options, user, &pid);

    if (status != 0)
        return status;
    status = look(options, &before, error);
    if (status != 0)
        return cli_error("lockerd", status, "%s", error);
    status = check_leader(&before);
    if (status != 0)
        return status;
    if (kill(pid, SIGUSR1) != 0)
        return cli_error("lockerd", EX_OSERR, "cannot tell process %d to give up leading: %s",
                         (int)pid, error_text(errno));
    now = before;
    status = wait_for_change(options, &now, RESIGN_MS, error);
    if (status == 0 && now.is_vacant)
        status = wait_for_change(options, &now, before.takeover_ms * 2 + TAKEOVER_MORE_MS, error);
    if (status != 0)
        return cli_error("lockerd", status,
                         "it was told to give up leading; what came of that is not known: %s",
                         error);
    return tell_outcome(&before, &now);
}

void lockerd_resign_for(const struct ipclocker_server *server)
{
    struct store_options options;
    char error[STORE_ERROR_SIZE];

    ipclocker_server_store_options(server, &options);
    if (!store_is_shared(options.path))
        return;
    if (store_etcd_resign(&options, FOR_ANOTHER_MS, error) == 0)
        log_line(LOG_NOTICE, "another lockerd may lead, as this one is not back at once");
    else
        log_line(LOG_WARNING, "cannot give up leading for the server that has died: %s", error);
}

#else

int lockerd_resign(const struct lockerd_options *options, const struct privileges *user)
{
    (void)options;
    (void)user;
    return cli_error("lockerd", EX_USAGE, "this lockerd was built without etcd (WITH_ETCD=0)");
}

void lockerd_resign_for(const struct ipclocker_server *server)
{
    (void)server;
}

#endif
