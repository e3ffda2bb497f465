/* pidstat: does a process still exist, here or on another host?
 *
 * Three things are in here, each usable alone:
 *   - asking about processes of this host, without any daemon;
 *   - a client that asks pidstatd(8) on other hosts;
 *   - a server that can be part of a program of yours; pidstatd(8) is a small program around it.
 *
 * Link with -lipclocker (pkg-config ipclocker), for the server with -lipclocker-server
 * (pkg-config ipclocker-server).  See pidstat(3) for all this as manual pages and
 * pidstat-protocol(7) for the datagrams.
 *
 * Nothing in here prints, exits, or changes signal handling.  A handle may be used by one thread
 * at a time; different handles are independent.  After fork(2) a handle belongs to one side only.
 * All descriptors are close-on-exec.
 */
#ifndef FARMLOCK_PIDSTAT_H
#define FARMLOCK_PIDSTAT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Processes of this host */

enum pidstat_state {
    PIDSTAT_GONE,    /* there is no such process: it has ended, or its pid is another's now */
    PIDSTAT_EXISTS,  /* there is, whoever it belongs to */
    PIDSTAT_UNKNOWN, /* the pid is in use, but it cannot be seen whether by the same process; or the
                        daemon is in a container, and speaks of other processes */
};

/* Says whether the process `pid` exists; with a `start` other than 0, whether it is still the one
 * that started then.  A zombie has ended; a process of another user exists.  PIDSTAT_UNKNOWN comes
 * only with a start, where /proc hides it (hidepid in proc(5)).  Any `pid` may be asked; one of 0
 * or below is gone.  Does not block, cannot fail.
 */
enum pidstat_state pidstat_local_pid_state(pid_t pid, uint64_t start);

/* Return 1 for yes, 0 for no. */
int pidstat_local_pid_exists(pid_t pid);
int pidstat_local_pid_doesnt_exist(pid_t pid);

/* Returns when a process of this host started, in clock ticks since boot (field 22 of
 * /proc/PID/stat in proc(5)); with the pid it names a process for good.  0 when there is no such
 * process, or when /proc hides it.
 */
uint64_t pidstat_local_start_time(pid_t pid);

/* The client */

struct pidstat;

/* Which answers are wanted; may be or'ed.  A daemon keeps silent where its answer is not. */
enum {
    PIDSTAT_RETURN_EXIST = 1,
    PIDSTAT_RETURN_DOESNT = 2,
    PIDSTAT_RETURN_UNKNOWN = 4,
    PIDSTAT_RETURN_ALL = 7,
};

enum { PIDSTAT_HOST_MAX = 255 }; /* bytes in a host's name */

struct pidstat_answer {
    enum pidstat_state state;
    pid_t pid;
    uint64_t start;                  /* when the process started; 0 where that was not told */
    unsigned rtt_us;                 /* microseconds from question to answer; 0 for this host */
    char host[PIDSTAT_HOST_MAX + 1]; /* as it was asked */
};

/* Creates a client.  It asks the port of the service "pidstatd" (services(5)), 1752 where that is
 * not listed, five times, one second apart.  Host names are resolved once and kept.
 * Returns it, to be destroyed by the caller, or NULL with errno (ENOMEM, EMFILE, ENFILE).
 */
struct pidstat *pidstat_create(void);

/* Accepts NULL, keeps errno.  Unanswered questions are forgotten.  May wait for up to 50 ms for a
 * name that is being resolved.
 */
void pidstat_destroy(struct pidstat *client);

/* Sets the port, a number from 1 to 65535 or the name of a service.  It counts for hosts that are
 * asked from then on.  Returns 0, or -1 with errno EINVAL.
 */
int pidstat_set_port(struct pidstat *client, const char *port);

/* Sets how often pidstat_request_receive() asks before it gives up, from 1 to 1000, and how many
 * milliseconds it waits each time, from 1 to 3600000.  Returns 0, or -1 with errno EINVAL.
 */
int pidstat_set_tries(struct pidstat *client, unsigned tries, int try_ms);

/* Returns a descriptor, owned by the client, that polls readable when pidstat_receive() has
 * something to do.  Nothing but polling may be done with it.
 */
int pidstat_fd(const struct pidstat *client);

/* Asks once whether a process exists.  `host` is a name, an IPv4 or an IPv6 address; NULL,
 * "localhost" and the names and addresses of this host need no daemon.  `which` is any of
 * PIDSTAT_RETURN_*.  Does not block and does not wait: fetch the answer, if one comes, with
 * pidstat_receive().  Returns 0, or -1 with errno
 *   EINVAL  not a positive pid, no bit of `which`, or a host name with blanks, control characters
 *           or more than PIDSTAT_HOST_MAX bytes
 *   EAGAIN  too many questions are open; call pidstat_receive() first
 *   ENOMEM
 */
int pidstat_request(struct pidstat *client, const char *host, pid_t pid, unsigned which);

/* Fetches the next answer to any question, waiting for at most `timeout_ms` milliseconds; 0 does
 * not wait, -1 waits for ever.  Returns 0 and fills *answer, or -1 with errno
 *   ETIMEDOUT  none came
 *   EINTR      a signal handler ran
 */
int pidstat_receive(struct pidstat *client, struct pidstat_answer *answer, int timeout_ms);

/* Asks until the answer comes, as often and as long as pidstat_set_tries() says; blocks that
 * long.  Answers to other questions stay for pidstat_receive().  Returns 0 and fills *answer, or
 * -1 with errno
 *   ETIMEDOUT      no answer (or none that `which` wants)
 *   ECONNREFUSED   the host is up, but no daemon listens on the port
 *   EHOSTUNREACH   the host's name does not resolve
 *   others         as pidstat_request()
 */
int pidstat_request_receive(struct pidstat *client, const char *host, pid_t pid, unsigned which,
                            struct pidstat_answer *answer);

/* Says whether a daemon answers on a host, this one not excepted, for monitoring.  Blocks as
 * pidstat_request_receive().  Returns the round trip in microseconds, at least 1, or -1 with its
 * errno.  Where `text` is not NULL it gets one line for people, cut to `text_size` bytes.
 */
int pidstat_ping_status(struct pidstat *client, const char *host, char *text, size_t text_size);

/* The server */

struct pidstat_server;
struct event_base; /* libevent's */

struct pidstat_server_stats {
    uint64_t questions; /* well-formed datagrams */
    uint64_t answers;   /* sent, those that tell of the end of a watched process included */
    uint64_t malformed; /* datagrams that were ignored */
    uint64_t watched;   /* ends of watched processes that were told */
    uint64_t refused;   /* watches that found no room */
    size_t watches;     /* watches now */
    uint64_t denied;    /* datagrams from addresses that are not allowed */
};

/* Creates a server for all addresses of this host, IPv4 and IPv6, on the port of the service
 * "pidstatd", 1752 where that is not listed.  Returns it, to be destroyed by the caller, or NULL
 * with errno ENOMEM.
 */
struct pidstat_server *pidstat_server_create(void);

/* Accepts NULL, keeps errno.  Before the event loop that it is attached to is freed. */
void pidstat_server_destroy(struct pidstat_server *server);

/* Answers only who asks from an address in one of these ranges, "10.0.0.0/8", "2001:db8::/32" or
 * one address, each of which may be several with commas between; this machine's loopback always,
 * and everybody with a count of 0, as at first.  May be called while it serves.  Returns 0, or -1
 * with errno EINVAL or ENOMEM.
 */
int pidstat_server_set_allow(struct pidstat_server *server, const char *const *ranges,
                             size_t count);

/* Change what pidstat_server_listen() does; return 0, or -1 with errno EINVAL or ENOMEM.
 * `host` is a name or an address, NULL for all addresses.  `port` is a number from 1 to 65535 or
 * the name of a service.  `max` watches are kept at once, from 0 to 1000000; 16384 by default.
 * Each watched process takes a descriptor; those that were asked about last take an eighth of
 * RLIMIT_NOFILE, 4096 at most, and give them back where a look or a watch finds no others.
 */
int pidstat_server_set_host(struct pidstat_server *server, const char *host);
int pidstat_server_set_port(struct pidstat_server *server, const char *port);
int pidstat_server_set_max_watches(struct pidstat_server *server, size_t max);

/* Opens the sockets.  Blocks while names are resolved.  Returns 0, or -1 with errno
 *   EADDRNOTAVAIL  the host does not resolve, or is not this host's
 *   EADDRINUSE     another server has the port
 *   others         from socket(2) and bind(2)
 */
int pidstat_server_listen(struct pidstat_server *server);

/* Returns the port, once it listens. */
uint16_t pidstat_server_port(const struct pidstat_server *server);

/* Serves on an event loop of the caller's; call it after pidstat_server_listen(), and after the
 * last fork(2).  Returns at once: 0, or -1 with errno ENOMEM.
 */
int pidstat_server_attach(struct pidstat_server *server, struct event_base *base);

/* Serves on an event loop of its own until pidstat_server_stop().  Returns 0, or -1 with errno
 * ENOMEM.
 */
int pidstat_server_run(struct pidstat_server *server);

/* Ends pidstat_server_run(); from a callback on the same thread only. */
void pidstat_server_stop(struct pidstat_server *server);

/* Tells what it has done since it was created. */
void pidstat_server_stats(const struct pidstat_server *server, struct pidstat_server_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
