/* ipclocker_server.h - a lock server to embed; lockerd(8) is a small program around it.
 *
 * Errors.  Functions return 0 or a pointer on success, -1 or NULL with errno on failure; a failed
 * call changes nothing.  After a failure ipclocker_server_error() has one line for a person, which
 * is valid until the next call with the same server.  ENOMEM may come from any function that can
 * fail and is not listed again.
 *
 * Threads.  One thread at a time may use a server; different ones are independent.  The library
 * never prints, exits, or changes signal dispositions, and writes to sockets without raising
 * SIGPIPE.  Strings that a function takes are copied.
 *
 * Library: libipclocker-server.  Manual page: ipclocker_server_create(3).
 */
#ifndef IPCLOCKER_SERVER_H
#define IPCLOCKER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipclocker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A lock server.  See lockerd(8) for the program that is made of it. */
struct ipclocker_server;

struct event_base; /* of libevent */

/* Creates a server that listens nowhere yet.  The caller destroys it. */
IPCLOCKER_API struct ipclocker_server *ipclocker_server_create(void);

/* Stops the server and frees it, closing its sockets.  NULL is allowed. */
IPCLOCKER_API void ipclocker_server_destroy(struct ipclocker_server *server);

IPCLOCKER_API const char *ipclocker_server_error(const struct ipclocker_server *server);

/* Listens on all addresses of `host` (a name or an address, "*" for all of this machine), at
 * `port`, a number or service name; port "0" takes a free one, NULL the default: "lockerd" in the
 * services database, else 1751.  May be called several times, before the server is started. Errors:
 * EINVAL: no such host or port; EADDRINUSE, EACCES and others of bind(2).
 */
IPCLOCKER_API int ipclocker_server_listen(struct ipclocker_server *server, const char *host,
                                          const char *port);

/* Listens on a UNIX socket.  A socket file that nobody serves any more is replaced.
 * Errors: EADDRINUSE: somebody serves it; EEXIST: there is something that is no socket;
 * ENAMETOOLONG; others of bind(2).
 */
IPCLOCKER_API int ipclocker_server_listen_unix(struct ipclocker_server *server, const char *path);

/* Serves a listening stream socket that was opened elsewhere, as by socket activation
 * (sd_listen_fds(3)); the server closes it.  Errors: ENOTSOCK, EINVAL: not a listening one.
 */
IPCLOCKER_API int ipclocker_server_listen_fd(struct ipclocker_server *server, int fd);

/* The port of the first TCP socket, 0 when there is none. */
IPCLOCKER_API uint16_t ipclocker_server_port(const struct ipclocker_server *server);

/* Whom to serve, by address: ranges such as "10.0.0.0/8", "2001:db8::/32" or one address, each of
 * which may be several with commas between.  UNIX sockets and the loopback addresses of this
 * machine are always served; with a count of 0, as at first, everybody is.  Connections that are
 * there already stay.  May be called while it serves.  Errors: EINVAL: a range is none.
 */
IPCLOCKER_API int ipclocker_server_set_allow(struct ipclocker_server *server,
                                             const char *const *ranges, size_t count);

/* Bounds on what clients may use; who is beyond one is told so in an error line.  One that this
 * library does not know is ignored; lockerd(8) says more of each.  A client is a proven user, or
 * else an address, the 64 bits of a network where it is of IPv6. */
enum ipclocker_limit {
    IPCLOCKER_LIMIT_CONNECTIONS,  /* default: what RLIMIT_NOFILE leaves */
    IPCLOCKER_LIMIT_WAITERS,      /* requests in queues, default 200,000 */
    IPCLOCKER_LIMIT_LOCKS,        /* different names in use, default 1,000,000 */
    IPCLOCKER_LIMIT_IDLE_S,       /* seconds without a command of who neither waits nor holds: 60 */
    IPCLOCKER_LIMIT_UNREAD_BYTES, /* of answers that a client does not read, before it is not read
                                     from either; default 256 KiB */
    IPCLOCKER_LIMIT_UNREAD_S,     /* seconds until one that takes nothing of them is closed: 30 */
    IPCLOCKER_LIMIT_OUTPUT,       /* bytes of unread answers of all together, default 256 MiB */
    IPCLOCKER_LIMIT_CLIENT_CONNECTIONS, /* of one client; 0, the default, is what lockerd(8) says */
    IPCLOCKER_LIMIT_CLIENT_ARRIVALS, /* new connections a second of one client, default 5,000; 0 is
                                        any number */
    IPCLOCKER_LIMIT_CLIENT_WAITERS,  /* of one client; 0, the default, is half of all */
    IPCLOCKER_LIMIT_CLIENT_LOCKS,    /* of one client; 0, the default, is a quarter of all */
    IPCLOCKER_LIMIT_OWNER_LOCKS,     /* of one owner's name; 0, the default, is as of a client */
    IPCLOCKER_LIMIT_NAMES,           /* in a request, default 1024 */
    IPCLOCKER_LIMIT_REQUEST_BYTES,   /* of these names together, default 256 KiB */
    IPCLOCKER_LIMIT_LINE_BYTES,      /* default 65,535 */
    IPCLOCKER_LIMIT_CLIENT_HISTORY,  /* bytes a second of one client, default 20,480; 0 is any */
    IPCLOCKER_LIMIT_CLIENT_COST,     /* microseconds a second that one client is served for before
                                        it is served behind all others, default 200,000; 0 is any */
    IPCLOCKER_LIMIT_HOLD_S,       /* seconds that a lock may be held, whatever was asked for; 0, the
                                     default, is any number */
    IPCLOCKER_LIMIT_LOST_AFTER_S, /* seconds for which nothing may be heard of an owner; 0, the
                                     default, is any number */
    IPCLOCKER_LIMIT_CLIENT_SESSIONS, /* grants and waits that the sessions of one client stand for;
                                        0, the default, is what lockerd(8) says */
    IPCLOCKER_LIMIT_CLIENT_REQUEST_BYTES, /* of what the connections of one client name together; 0,
                                             the default, is a quarter of _OUTPUT */
    IPCLOCKER_LIMIT_OFFLINE, /* names offline that are no seats of a pool, default 1024 */
    IPCLOCKER_LIMITS,        /* how many there are */
};
/* Sets one, also while it serves; IPCLOCKER_LIMIT_DEFAULT is what it was at first. */
#define IPCLOCKER_LIMIT_DEFAULT SIZE_MAX
IPCLOCKER_API void ipclocker_server_set_limit(struct ipclocker_server *server,
                                              enum ipclocker_limit limit, size_t value);

enum ipclocker_durability {
    IPCLOCKER_DURABLE_POWER,   /* what a client was told survives a power cut: one disk sync each */
    IPCLOCKER_DURABLE_PROCESS, /* it survives the end of the process, not that of the machine */
};

/* Has the locks, the queue and the history kept in a file, which is created where it is missing;
 * NULL or "none", as at first, keeps them in memory only.  The file is opened by
 * ipclocker_server_start(), which fails with EBUSY when another server uses it, ENOTSUP when a
 * later version has written it, EUCLEAN when it is damaged, EEXIST when it is something else, and
 * errors of the system.  What was held is held then, and what waited has its place.
 * Errors: EALREADY: it serves already.
 */
IPCLOCKER_API int ipclocker_server_set_state(struct ipclocker_server *server, const char *path,
                                             enum ipclocker_durability durability);

/* How long ended holds and refused or abandoned waits stay in the state file, in seconds; 90 days
 * at first, 0 keeps none.
 */
IPCLOCKER_API void ipclocker_server_set_history(struct ipclocker_server *server, uint64_t seconds);

/* The most that a state file may have in use, in bytes, before the oldest of what has ended goes
 * from it; 1 GiB at first, 0 is any size.
 */
IPCLOCKER_API void ipclocker_server_set_history_size(struct ipclocker_server *server,
                                                     uint64_t bytes);

/* How long after a start a request that waited before keeps its place without its client, in
 * seconds; 60 at first.
 */
IPCLOCKER_API void ipclocker_server_set_requeue_grace(struct ipclocker_server *server,
                                                      unsigned seconds);

/* Whom a change is taken from over TCP; who connects to a UNIX socket is known in any case.  See
 * lockerd(8), "WHO MAY DO WHAT".
 */
enum ipclocker_auth {
    IPCLOCKER_AUTH_NONE,    /* from everybody, as at first: credentials are not asked for */
    IPCLOCKER_AUTH_MUNGE,   /* from everybody; who gives a MUNGE credential is known by it */
    IPCLOCKER_AUTH_REQUIRE, /* from nobody else than who is known */
};

/* `munge_socket` is that of munged(8), NULL the usual one.  ipclocker_server_start() fails with
 * ENOTSUP where credentials are to be checked and there is no libmunge.
 * Errors: EALREADY: it serves already.
 */
IPCLOCKER_API int ipclocker_server_set_auth(struct ipclocker_server *server,
                                            enum ipclocker_auth auth, const char *munge_socket);

enum ipclocker_role {
    IPCLOCKER_ROLE_ADMIN,  /* may do anything */
    IPCLOCKER_ROLE_REAPER, /* may say that a process or a job has ended */
};

/* Gives a role to a user, "NAME" or a number, or to a group, "@NAME".  Asks the user database, and
 * may block.  Errors: ENOENT: there is no such user or group; EALREADY: it serves already.
 */
IPCLOCKER_API int ipclocker_server_add_role(struct ipclocker_server *server,
                                            enum ipclocker_role role, const char *who);

/* Has lists and history tell owner, host, process and job to that user and administrators only. */
IPCLOCKER_API void ipclocker_server_set_private(struct ipclocker_server *server, bool is_private);

/* Has a damaged state file renamed, and begins anew with no lock held, instead of failing. */
IPCLOCKER_API void ipclocker_server_set_move_corrupt_state(struct ipclocker_server *server,
                                                           bool move);

/* Where to ask for the processes of owners on other hosts: the UDP port of their pidstatd(8), 0 for
 * the default, below 0 to ask nobody.
 */
IPCLOCKER_API void ipclocker_server_set_pidstat_port(struct ipclocker_server *server, int port);

/* Whether a daemon of the classic package, which tells nothing but that a pid is in use, is
 * believed that a process has ended; true at first.
 */
IPCLOCKER_API void ipclocker_server_set_classic_pidstatd(struct ipclocker_server *server,
                                                         bool believed);

/* Receives one line for each thing worth logging, with a priority of syslog(3).  The text holds
 * what clients sent: clean it before it goes to a terminal.
 */
typedef void ipclocker_log_fn(void *context, int priority, const char *text);
IPCLOCKER_API void ipclocker_server_set_log(struct ipclocker_server *server, ipclocker_log_fn *log,
                                            void *context);

/* Has each request logged too, with LOG_DEBUG. */
IPCLOCKER_API void ipclocker_server_set_debug(struct ipclocker_server *server, bool debug);

/* Begins to serve, from the loop of `base`, which the caller runs and which must outlive the
 * server; with NULL, from a loop of its own, run by ipclocker_server_run().
 * Errors: EINVAL: it listens nowhere; EALREADY: it serves already.
 */
IPCLOCKER_API int ipclocker_server_start(struct ipclocker_server *server, struct event_base *base);

/* Serves until ipclocker_server_stop() is called; starts the server first where that was not done.
 * Only for a server with a loop of its own.
 */
IPCLOCKER_API int ipclocker_server_run(struct ipclocker_server *server);

/* Handles what is there now and returns, at the latest after `timeout_ms`: for a caller whose loop
 * is not libevent's.  Only for a server with a loop of its own.
 */
IPCLOCKER_API int ipclocker_server_process(struct ipclocker_server *server, int timeout_ms);

/* A descriptor for the caller's own poll(2) or epoll(7): readable, level-triggered, whenever
 * ipclocker_server_process(server, 0) has something to do, its timers included, and otherwise not.
 * It is the same from one start of the server to its stop, after which it is closed or another's;
 * the caller only waits for it.  Only for a server that serves from a loop of its own.  Returns -1
 * with EINVAL: it does not; ENOTSUP: libevent was built without epoll; EMFILE, ENFILE.
 */
IPCLOCKER_API int ipclocker_server_fd(struct ipclocker_server *server);

/* Stops to serve: closes all connections and ends ipclocker_server_run().  May be called from a
 * callback of the server's loop.  Socket files that it made are removed in
 * ipclocker_server_destroy().
 */
IPCLOCKER_API void ipclocker_server_stop(struct ipclocker_server *server);

#ifdef __cplusplus
}
#endif

#endif
