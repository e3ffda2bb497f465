/* ipclocker.h - network locks: a client of lockerd(8).  A lock server to embed: ipclocker_server.h.
 *
 * Errors.  Functions return 0 or a pointer on success, -1 or NULL with errno on failure, unless
 * they say otherwise; a failed call changes nothing.  After a failure ipclocker_error() has one
 * line for a person.  ENOMEM may come from any function that can fail and is not listed again.
 *
 * Threads.  One thread at a time may use a handle; different handles are independent.  The
 * library never prints, exits, or changes signal dispositions, and writes to sockets without
 * raising SIGPIPE.
 *
 * Strings that a function takes are copied.  Strings that a function returns belong to the handle
 * and stay valid until the next call with the same handle, unless it says otherwise.
 *
 * Manual pages: ipclocker(3) and those it names.  The protocol: lockerd-protocol(7).
 */
#ifndef IPCLOCKER_H
#define IPCLOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a declaration visible outside the shared library. */
#define IPCLOCKER_API __attribute__((visibility("default")))

/* The version that a program is compiled against; the one number that the build goes by.  As a
 * number for #if: 10203 is 1.2.3. */
#define IPCLOCKER_VERSION "1.0.0"
#define IPCLOCKER_VERSION_NUMBER 10000

/* The version of the library that a program runs with, as IPCLOCKER_VERSION has it.  Static text.
 */
IPCLOCKER_API const char *ipclocker_version(void);

/* ==== Client: the handle ==================================================================== */

/* A lock that is wanted or held, the server to get it from, and the connection to it. */
struct ipclocker;

/* Creates a handle with these parameters:
 *
 *   hosts          $IPCLOCKER_HOST, else as farmlock-client.conf(5) has it, else "localhost"
 *   port           $IPCLOCKER_PORT, else the same, else "lockerd" in the services database, else
 *                  1751; like the hosts it is looked up, and found wanting (EINVAL), when it is
 *                  first needed
 *   locks          one, named "lock"
 *   block          true
 *   hold limit     30 minutes
 *   wait limit     none
 *   pid            getpid(), with its start time, boot and pid namespace
 *   hostname       gethostname(2)
 *   user           HOST_PID_USER, made of hostname, pid and the login name; in a pid namespace
 *                  other than the host's, HOST_PID.NS_USER with the namespace's inode number
 *   job            of the scheduler whose variables are in the environment, as
 *                  "slurm:4711_3=4714@lab"
 *                  (SLURM_JOB_ID with array task and component, LSB_JOBID, PBS_JOBID, JOB_ID)
 *   autounlock, destroy_unlock, session, verbose    false, true, false, false
 *   connect tries  3, or 8 to wait for a lock where there are several hosts; delay 1 s
 *
 * The caller destroys the handle.
 */
IPCLOCKER_API struct ipclocker *ipclocker_create(void);

/* Frees a handle.  First gives the lock back, if it is held, destroy_unlock is set, and the calling
 * process is the one whose pid the handle has (so that a forked child does not); this may block
 * for up to a second.  NULL is allowed.  Keeps errno.
 */
IPCLOCKER_API void ipclocker_destroy(struct ipclocker *lock);

/* One line on what the last failed call with this handle ran into, what to do included; "" when
 * nothing failed yet.
 */
IPCLOCKER_API const char *ipclocker_error(const struct ipclocker *lock);

/* ==== Client: parameters ==================================================================== */

/* Which servers to ask: host names or addresses, separated by colons, commas or blanks, an IPv6
 * address in brackets, each optionally with its own port behind an equals sign
 * ("farm1:[::1]=1800").  A word of digits is no host, so that "farm1:1800" is not taken for two.
 * They are tried in this order; the one that answered is asked first from then on.  As long as the
 * handle waits for a lock or holds one, it asks no other than the one that queued it or granted,
 * however long that is away: another would grant the same lock again.  A path (it begins with a
 * slash) is a UNIX socket.
 * Errors: EINVAL: empty, or not of this form; EALREADY: a lock is being got.
 */
IPCLOCKER_API int ipclocker_set_hosts(struct ipclocker *lock, const char *hosts);

/* One of them, the first is 0, to be freed; NULL with ERANGE behind the last, or ENOMEM.  What
 * nobody has set is there after the first request. */
IPCLOCKER_API char *ipclocker_host(struct ipclocker *lock, size_t index);

/* The port, a number or a service name.  Errors: EINVAL: neither. */
IPCLOCKER_API int ipclocker_set_port(struct ipclocker *lock, const char *port);

/* Talks to a UNIX socket instead of hosts and port.  Errors: EINVAL, ENAMETOOLONG: the path. */
IPCLOCKER_API int ipclocker_set_path(struct ipclocker *lock, const char *path);

enum ipclocker_family {
    IPCLOCKER_FAMILY_ANY,  /* IPv4 and IPv6, as names resolve */
    IPCLOCKER_FAMILY_INET, /* IPv4 only */
    IPCLOCKER_FAMILY_INET6,
    IPCLOCKER_FAMILY_UNIX, /* set by ipclocker_set_path() */
};
IPCLOCKER_API int ipclocker_set_family(struct ipclocker *lock, enum ipclocker_family family);

/* What to lock: one group of names and how many of them, replacing what was set before.  Names are
 * separated by colons, commas or blanks and may have host-list brackets: "lic1:lic2",
 * "vcs[1-8,12]".
 * Errors: EINVAL: no name, a malformed bracket, a name over 255 bytes or with control characters,
 * a count that is 0, above the number of several different names, or above 1024: one name may be a
 * pool's, of any number of seats; E2BIG: more than 1024 names.  What is held already is not
 * touched.
 */
IPCLOCKER_API int ipclocker_set_locks(struct ipclocker *lock, const char *names, size_t count);

/* Adds a further group, to be had together with the others, all or nothing.  Of a name that stands
 * in several groups it is had for one of them.  Errors as above.
 */
IPCLOCKER_API int ipclocker_add_locks(struct ipclocker *lock, const char *names, size_t count);

/* Whether the names set or added last are shared: a lock is with any number of readers, or with one
 * writer, in the order in which they ask.  ENOTSUP of a classic server. */
IPCLOCKER_API void ipclocker_set_shared(struct ipclocker *lock, bool shared);

/* Whether the names set or added last are spread: of several that are free, the one that was used
 * longest ago is had, not the one named first.  For names that are no seats of pools, which have an
 * order of their own; a classic or earlier server knows nothing of it. */
IPCLOCKER_API void ipclocker_set_spread(struct ipclocker *lock, bool spread);

/* Whether to wait for a lock that is not free. */
IPCLOCKER_API void ipclocker_set_block(struct ipclocker *lock, bool block);

#include "ipclocker_keep.h"

/* The most to wait for the lock, in milliseconds from the start of the call; below 0 is for ever.
 * Connecting and its retries count; but a call that found no server fails as such.
 */
IPCLOCKER_API void ipclocker_set_wait_limit(struct ipclocker *lock, int64_t milliseconds);

/* Who owns the lock.  Errors: EINVAL: empty, over 255 bytes, or with white space. */
IPCLOCKER_API int ipclocker_set_user(struct ipclocker *lock, const char *user);
IPCLOCKER_API int ipclocker_set_hostname(struct ipclocker *lock, const char *hostname);
IPCLOCKER_API int ipclocker_set_job(struct ipclocker *lock, const char *job);

/* What rules of the server's pools go by: the project, which is that of the scheduler's job where
 * none is set (SLURM_JOB_ACCOUNT, LSB_PROJECT_NAME, PBS_ACCOUNT, SGE_ACCOUNT), and a head start, of
 * which a pool lets a user have so much; more goes first.  Errors: EINVAL: the project is empty,
 * over 255 bytes, or has white space; the priority is not from -1000 to 1000.
 */
IPCLOCKER_API int ipclocker_set_project(struct ipclocker *lock, const char *project);
IPCLOCKER_API int ipclocker_set_priority(struct ipclocker *lock, int priority);

/* The process that stands for the owner; the default user name follows it unless one was set. */
IPCLOCKER_API int ipclocker_set_pid(struct ipclocker *lock, pid_t pid);

#include "ipclocker_process.h"
#include "ipclocker_queue.h"

/* Have the lock released when the owner's process has ended. */
IPCLOCKER_API void ipclocker_set_autounlock(struct ipclocker *lock, bool autounlock);

/* This handle's connection stands for the owner's process: should it close, the server looks at the
 * process at once.  Implies autounlock; costs nothing where the server is a classic one.
 */
IPCLOCKER_API void ipclocker_set_session(struct ipclocker *lock, bool session);

/* The handle's process does nothing else while it waits for the lock, nor do those that started it.
 * The server is told of these when a wait has lasted a moment: one that could never end fails then
 * (EDEADLK), a circle of several is its reason.  Elsewhere the variable below tells. */
IPCLOCKER_API void ipclocker_set_inside(struct ipclocker *lock, bool inside);

/* Hands down what a program has locked: "TOKEN LOCK OWNER" of each, the innermost last. */
#define IPCLOCKER_GRANTS "LOCKERSH_GRANTS"

/* Give the lock back in ipclocker_destroy(). */
IPCLOCKER_API void ipclocker_set_destroy_unlock(struct ipclocker *lock, bool destroy_unlock);

/* How often to try all hosts, 0 being for ever, and the pause in between in milliseconds.  The
 * pause grows by half of itself with each try, up to a minute, and is spread at random by a
 * quarter either way, so that a farm does not come back in step: 8 tries take half a minute.
 * What would come to the same is not tried again: a refusal for good, a name that does not exist,
 * a program that is no lockerd; nor, by a call that does not wait for a lock, what took too long.
 * A handle that loses the connection while it stands in a queue, or holds the lock as a session,
 * goes on trying for as long as it wants the lock, first after 0.1 s and at most 5 s apart: its
 * place is kept for a while only.  Such a handle, and one that tries for ever, also comes back to a
 * server that puts it off (`error-code later`), as when its disk is full.
 */
IPCLOCKER_API void ipclocker_set_connect_tries(struct ipclocker *lock, unsigned tries);
IPCLOCKER_API void ipclocker_set_connect_delay(struct ipclocker *lock, unsigned milliseconds);

/* Has the callbacks below called; without it they are not. */
IPCLOCKER_API void ipclocker_set_verbose(struct ipclocker *lock, bool verbose);

/* What happens on the way, for a person to see.  `text` is one line without newline, with nothing
 * in it that could harm a terminal, valid during the call.  The callback must not use the handle
 * but for the functions that return what it knows (ipclocker_error, _lock_name, _token, _wait).
 */
enum ipclocker_notice {
    IPCLOCKER_NOTICE_WAITING,  /* in the queue: who has the lock, since when, which place */
    IPCLOCKER_NOTICE_OBTAINED, /* the lock is ours after a wait */
    IPCLOCKER_NOTICE_BROKE,    /* it was taken from its owner, as asked */
    IPCLOCKER_NOTICE_RETRY,    /* no server answers: trying again after a pause */
    IPCLOCKER_NOTICE_DOWN,     /* no server answers, and no try is left */
    IPCLOCKER_NOTICE_SECOND,   /* one that is not the first of the list serves, which does not */
    IPCLOCKER_NOTICE_LOST,     /* the lock is ours no more: it was broken, or its limit is over */
};
typedef void ipclocker_notice_fn(void *context, enum ipclocker_notice notice, const char *text);
IPCLOCKER_API void ipclocker_set_notice(struct ipclocker *lock, ipclocker_notice_fn *print,
                                        void *context);

/* Shows the conversation with the server, byte by byte as it is sent or received, for finding
 * faults; none, a `len` of 0, where a connection ends.  The bytes are a stranger's: clean them
 * before they go to a terminal. */
typedef void ipclocker_trace_fn(void *context, bool sent, const char *bytes, size_t len);
IPCLOCKER_API void ipclocker_set_trace(struct ipclocker *lock, ipclocker_trace_fn *trace,
                                       void *context);

/* ==== Client: calls that block ===============================================================
 *
 * Whatever happens, a name is waited for six seconds, and a connection and the next word of an
 * answer five each; then the call fails as one that no server answers.  ipclocker_lock() keeps its
 * wait limit in each of these, and, where it may wait and no other server is to be had, stays with
 * one that has accepted the request and does not answer.
 */

/* Gets the lock.  Returns 0 when it is held, and then ipclocker_locked() is true.  Errors:
 *   EBUSY      somebody has it, and block is false
 *   ETIMEDOUT  the wait limit is over; the place in the queue is given up
 *   ECANCELED  the wait was ended by an UNLOCK of this owner, or with its job
 *   EDEADLK    this owner holds or waits for a part of it already, or who holds it waits for the
 *              handle's process, see ipclocker_set_inside()
 *   ENOTSUP    the server is a classic one, which knows neither counts nor several groups
 *   EPROTO     the server refused the request or does not speak the protocol; see the error text
 *   EINVAL     IPCLOCKER_HOST, IPCLOCKER_PORT or a file of farmlock-client.conf(5), which was
 *              needed, is wrong
 *   EALREADY   the lock is being got by ipclocker_lock_start()
 *   EHOSTUNREACH, ECONNREFUSED, ENOENT or another errno of connect(2): no server answers
 * Signals do not end the call; a program that wants that uses the calls for event loops.
 */
IPCLOCKER_API int ipclocker_lock(struct ipclocker *lock);

/* Gives back all locks of the demand that this owner holds, or gives up waiting for them.  Not to
 * hold any is no error.  Errors: those above from EPROTO on.
 */
IPCLOCKER_API int ipclocker_unlock(struct ipclocker *lock);

/* Takes the locks of the demand away from whoever has them, and tells print_broke of each.  Returns
 * how many were taken, or -1.
 */
IPCLOCKER_API int ipclocker_break_lock(struct ipclocker *lock);

/* Asks the server who owns the lock: the owner's name, "" when it is free; NULL on failure.  Where
 * several share it, their names with blanks between them, as many as the server tells.  Of
 * several names, one that this handle's user has counts first, then the first one.
 */
IPCLOCKER_API const char *ipclocker_owner(struct ipclocker *lock);

/* Asks the server whether this owner holds any of the locks: 1 or 0; -1 on failure.  What it has
 * given back and is kept is not held. */
IPCLOCKER_API int ipclocker_holds(struct ipclocker *lock);

/* Reports the end of a process, so that what it held with autounlock is released. */
IPCLOCKER_API int ipclocker_dead_pid(struct ipclocker *lock, const char *hostname, pid_t pid);

/* Releases what a scheduler's job holds and waits for.  Returns how many requests ended, or -1
 * (ENOTSUP: a classic server; EPERM: none, as they are other users' and this one is no reaper).
 */
IPCLOCKER_API int ipclocker_dead_job(struct ipclocker *lock, const char *job);

/* The same for what was last asked for before a time in milliseconds since 1970 by the server's
 * clock, such as the `time` of its JSON list: what a job that was queued again and has started
 * anew asks for after that is left alone.
 */
IPCLOCKER_API int ipclocker_dead_job_before(struct ipclocker *lock, const char *job,
                                            int64_t before_ms);

/* The same for one run of a job that may have begun anew elsewhere before this run has ended: what
 * was asked for before a time on one of `host_count` hosts.  Where a name has no domain, any will
 * do.  Errors: EINVAL also without a host, and for INT64_MAX.
 */
IPCLOCKER_API int ipclocker_dead_job_on(struct ipclocker *lock, const char *job, int64_t before_ms,
                                        const char *const *hosts, size_t host_count);

/* Asks the server for its clock, in milliseconds since 1970: what the times above are measured by.
 * Returns it, or -1 (ENOTSUP: a classic server does not tell).
 */
IPCLOCKER_API int64_t ipclocker_server_time(struct ipclocker *lock);

/* Tells the server that so many seats of a pool are in use elsewhere, for `seconds` (at most 30
 * days); it takes that for granted until then, or the next call.  0 seats: none are any more.
 * Returns how many count now, which is never more than the pool's outside-most; or -1: ENOENT: no
 * such pool; EACCES: it is not ours to say; ENOTSUP: a classic or earlier server.
 */
IPCLOCKER_API int ipclocker_set_outside(struct ipclocker *lock, const char *pool, unsigned seats,
                                        unsigned seconds);

/* Takes a lock, or a seat of a pool, out of use, for `seconds`, 0 being until it is put back; who
 * holds it keeps it.  `reason`, or NULL, is for people, and told to who waits.  Returns 0, or -1 as
 * above.
 */
IPCLOCKER_API int ipclocker_set_offline(struct ipclocker *lock, const char *name, unsigned seconds,
                                        const char *reason);
IPCLOCKER_API int ipclocker_set_online(struct ipclocker *lock, const char *name);

/* How a server knows who somebody is. */
enum ipclocker_proof {
    IPCLOCKER_CLAIMED, /* it does not: the name that was told is all there is */
    IPCLOCKER_PROVEN_BY_SOCKET,
    IPCLOCKER_PROVEN_BY_MUNGE,
};

struct ipclocker_person {
    enum ipclocker_proof proof;
    uint32_t uid; /* 0 where nothing was proven */
};

#include "ipclocker_history.h"
#include "ipclocker_list.h"

/* Whether a server answers: one try at each host.  Returns true or false. */
IPCLOCKER_API bool ipclocker_ping(struct ipclocker *lock);

struct ipclocker_ping_status {
    bool ok;
    double seconds;    /* from the question to the answer, connecting included */
    char host[256];    /* who answered, or was asked last */
    char version[64];  /* of the server */
    uint64_t started;  /* when it started, in seconds since 1970 */
    unsigned protocol; /* 1: classic; 2: ours */
    bool knows_you;    /* it has told who the caller is to it; older servers do not */
    struct ipclocker_person you;
    char cluster[65]; /* the id of the servers that share its state; "": it stands alone */
};

/* The same with details.  Returns 0 when one answered, else -1 with *status filled and errno. */
IPCLOCKER_API int ipclocker_ping_status(struct ipclocker *lock,
                                        struct ipclocker_ping_status *status);

/* `replication` of ping.schema.json, to be freed.  NULL: ENOTSUP where its state is its own. */
IPCLOCKER_API char *ipclocker_replication_json(struct ipclocker *lock);

/* ==== Client: what the handle knows, without asking the server =================================
 */

/* Whether the last answer of the server said that we have the lock. */
IPCLOCKER_API bool ipclocker_locked(const struct ipclocker *lock);

/* The names of the locks that we got, separated by blanks; "" while there is none. */
IPCLOCKER_API const char *ipclocker_lock_name(const struct ipclocker *lock);

/* The token of the grant; 0 when there is none, or the server is a classic one. */
IPCLOCKER_API uint64_t ipclocker_token(const struct ipclocker *lock);

/* For how many milliseconds the lock may be held yet; -1 when there is no limit or no lock.  What
 * the server set counts, a pool's limit too; a classic one goes by what was asked for.
 */
IPCLOCKER_API int64_t ipclocker_hold_left(const struct ipclocker *lock);

IPCLOCKER_API const char *ipclocker_user(const struct ipclocker *lock);

/* How we wait, or waited. */
struct ipclocker_wait {
    bool waiting;
    size_t position;   /* 1 is next; 0 where it is not known */
    char holder[256];  /* whom we wait for; "" where it is not known */
    char lock[256];    /* for which lock */
    int64_t held_ms;   /* how long the holder has had it, -1 where it is not known */
    int64_t waited_ms; /* since the lock was asked for */
    size_t length;     /* of the queue in which we have that position; 0 where it is not known */
    char reason[512];  /* why we wait, for a person: "you hold 10 of your limit of 10
                        * (lockerd.conf:12)"; "" where the server does not tell, or there is no
                        * more to say than whom we wait for */
};
IPCLOCKER_API void ipclocker_wait(const struct ipclocker *lock, struct ipclocker_wait *wait);

/* What would come of ipclocker_lock() with the handle's parameters at this moment, and why. */
enum ipclocker_verdict {
    IPCLOCKER_WOULD_GRANT,
    IPCLOCKER_WOULD_WAIT,
    IPCLOCKER_WOULD_REFUSE,
};

struct ipclocker_forecast {
    enum ipclocker_verdict verdict;
    const char *seats;          /* what would be granted, names with blanks between them; the
                                 * handle's, until the next call that takes it without const */
    struct ipclocker_wait wait; /* where it would wait: position, length, holder, lock, held_ms and
                                 * reason */
};

/* Asks the server, and asks for nothing.  Returns 0; why it would be refused is in
 * ipclocker_error() then.  Returns -1 with errno, as of ipclocker_owner(); besides:
 *   ENOTSUP  the server is a classic one, or an earlier one, and cannot say
 */
IPCLOCKER_API int ipclocker_explain(struct ipclocker *lock, struct ipclocker_forecast *forecast);

/* ==== Client: inside a caller's event loop ================================================== */

/* Begins what ipclocker_lock() does, without waiting for anything: names are resolved in a thread
 * (where none can be had, in this one).  Returns 0 when it has begun; go on with
 * ipclocker_process().  Errors: EALREADY: a lock is being got already.
 */
IPCLOCKER_API int ipclocker_lock_start(struct ipclocker *lock);

/* What to wait for until ipclocker_process() has something to do: a descriptor, -1 when there is
 * none; its poll(2) events, level-triggered; and for how many milliseconds at most, -1 being for
 * ever.  After a lock is held, the descriptor tells of the server's going away.
 * All three are to be asked anew after each call that takes the handle without const, and only
 * such a call changes them.  The descriptor is the connection's own, non-blocking and
 * close-on-exec, and has no duplicate, so that closing it takes it out of an epoll(7) set; a new
 * connection may get its number: EPOLL_CTL_MOD, and EPOLL_CTL_ADD where that says ENOENT, is right
 * in all cases.  One that is not returned any more may be open still, where several servers are
 * tried at once: EPOLL_CTL_DEL, which may fail, takes it out.
 */
IPCLOCKER_API int ipclocker_fd(const struct ipclocker *lock);
IPCLOCKER_API short ipclocker_events(const struct ipclocker *lock);
IPCLOCKER_API int ipclocker_timeout(const struct ipclocker *lock);

/* Goes on as far as it can without blocking.  Returns 1 when the lock is held, 0 when there is more
 * to wait for, and -1 with the errors of ipclocker_lock(); then it is over.
 * Called while the lock is held, it returns 1 and looks after the connection: a session that has
 * lost it connects again and renews the lock.  -1 with ENOLCK: the lock was broken, its hold limit
 * is over, or its owner or job was reported to have ended; ECANCELED: its owner has given it back.
 * A session hears of that at once, others when they connect again, those of a classic server never.
 */
IPCLOCKER_API int ipclocker_process(struct ipclocker *lock);

/* Asks the server for news of the queue: place and holder will be in ipclocker_wait() some calls of
 * ipclocker_process() later.  Does nothing where that cannot be asked.
 */
IPCLOCKER_API void ipclocker_refresh_wait(struct ipclocker *lock);

/* Gives up: the place in the queue is left at once.  The handle can be used again. */
IPCLOCKER_API void ipclocker_cancel(struct ipclocker *lock);

/* Lets go of the connection without a word, as before a fork(2) whose child goes on with it, or
 * whose parent does.  A session's lock stays as long as the other copy lives.
 */
IPCLOCKER_API void ipclocker_forget(struct ipclocker *lock);

#ifdef __cplusplus
}
#endif

#endif
