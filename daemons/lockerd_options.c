/* lockerd's options.
 * Must not do what they ask for. */
#include "lockerd_options.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>

#include "allow_option.h"
#include "base/number.h"
#include "cli/command_line.h"
#include "cli/file_option.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "config/options.h"
#include "lockerd_rules.h"
#include "net/port.h"
#include "store/store.h"
#ifdef FARMLOCK_ETCD
#include "store/etcd_store.h"
#endif

enum { DEFAULT_HISTORY_S = 90 * 24 * 3600, DEFAULT_REQUEUE_GRACE_S = 60 };
enum { DEFAULT_HISTORY_BYTES = 1 << 30 };
enum { OFFLINE_MOST = 4096 }; /* each is looked at when one more is said to be */
enum { TAKEOVER_LEAST_MS = 2000, TAKEOVER_MOST_MS = 60000, DEFAULT_TAKEOVER_MS = 5000 };

static int take_host(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    if (options->host_count == LOCKERD_HOSTS_MAX)
        return cli_error("lockerd", EX_USAGE, "more than %d --host; use * for all addresses",
                         LOCKERD_HOSTS_MAX);
    if (host_option_check("lockerd", "host", argument) != 0)
        return EX_USAGE;
    options->hosts[options->host_count++] = argument;
    return 0;
}

static int take_allow(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    return allow_option_take("lockerd", argument, options->allow, &options->allow_count,
                             LOCKERD_HOSTS_MAX);
}

static int take_port(void *context, const char *argument)
{
    struct lockerd_options *options = context;
    uint16_t port;

    options->port = argument;
    if (strcmp(argument, "0") == 0 || port_parse(argument, "tcp", &port) == 0)
        return 0;
    return cli_error("lockerd", EX_USAGE,
                     "--port '%s' is neither a number from 1 to 65535 nor a service", argument);
}

static int take_state(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    options->state = argument;
    if (argument[0] == '\0')
        return cli_error("lockerd", EX_USAGE, "--state is empty: name a file, none, or an etcd");
#ifdef FARMLOCK_ETCD
    char why[STORE_ERROR_SIZE];

    if (store_is_shared(argument) && store_etcd_check(argument, why) != 0)
        return cli_error("lockerd", EX_USAGE, "%s", why);
#endif
    return 0;
}

static int take_path(void *context, const char *argument)
{
    struct sockaddr_un *address = NULL;
    size_t most = sizeof address->sun_path - 1;

    ((struct lockerd_options *)context)->path = argument;
    if (argument[0] != '\0' && strlen(argument) <= most)
        return 0;
    return cli_error("lockerd", EX_USAGE, "--path: a socket's path has 1 to %zu bytes", most);
}

static int take_log(void *context, const char *argument)
{
    ((struct lockerd_options *)context)->log = argument;
    return file_option_check("lockerd", "log", argument);
}

static int take_pid_file(void *context, const char *argument)
{
    ((struct lockerd_options *)context)->pid_file = argument;
    return file_option_check("lockerd", "pid-file", argument);
}

static int take_pidstat_port(void *context, const char *argument)
{
    struct lockerd_options *options = context;
    uint16_t port;

    if (strcmp(argument, "none") == 0) {
        options->pidstat_port = -1;
        return 0;
    }
    if (port_parse(argument, "udp", &port) != 0)
        return cli_error("lockerd", EX_USAGE,
                         "--pidstat-port %s: give a number from 1 to 65535, a service, or none",
                         argument);
    options->pidstat_port = port;
    return 0;
}

static int take_takeover(void *context, const char *argument)
{
    struct lockerd_options *options = context;
    int64_t takeover_ms;

    if (number_parse_time(argument, TAKEOVER_MOST_MS, &takeover_ms) == 0 &&
        takeover_ms >= TAKEOVER_LEAST_MS) {
        options->etcd.takeover_ms = takeover_ms;
        return 0;
    }
    return cli_error("lockerd", EX_USAGE, "--takeover %s: give a time from 2s to 60s, such as 5s",
                     argument);
}

static int take_history(void *context, const char *argument)
{
    struct lockerd_options *options = context;
    int64_t history_ms;

    if (number_parse_time(argument, INT32_MAX * INT64_C(1000), &history_ms) == 0 &&
        history_ms % 1000 == 0) {
        options->history_s = (uint64_t)history_ms / 1000;
        return 0;
    }
    return cli_error("lockerd", EX_USAGE,
                     "--history %s: give a number with d, h, m or s, such as 90d", argument);
}

static int take_admin(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    return lockerd_who_add(&options->who, IPCLOCKER_ROLE_ADMIN, argument);
}

static int take_reaper(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    return lockerd_who_add(&options->who, IPCLOCKER_ROLE_REAPER, argument);
}

static int take_http(void *context, const char *argument)
{
    return http_option_take("lockerd", argument, &((struct lockerd_options *)context)->http);
}

static int take_http_name(void *context, const char *argument)
{
    return http_option_take_name("lockerd", argument, &((struct lockerd_options *)context)->http);
}

static int take_user(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    if (privileges_find(argument, &options->privileges) == 0)
        return 0;
    return cli_error("lockerd", EX_USAGE, "--user: there is no user '%s'; name another", argument);
}

static int take_debug(void *context, const char *argument)
{
    struct lockerd_options *options = context;

    (void)argument;
    options->debug = true;
    options->background = false;
    return 0;
}

#define SETTINGS struct lockerd_options
#define LIMIT(name_, limit_, min_, help_) \
    OPT_NUMBER(name_, "N", limits[IPCLOCKER_LIMIT_##limit_], min_, SIZE_MAX / 2, help_)
#define LIMIT_SIZE(name_, limit_, min_, max_, help_) \
    OPT_SIZE(name_, limits[IPCLOCKER_LIMIT_##limit_], min_, max_, help_)
static const struct option_spec table[] = {
    OPT_GROUP("Where it listens"),
    OPT_CALL("host", "HOST", take_host, "listen at this address or name; may be repeated; * is all",
             .completion = COMPLETE_HOST, .repeats = true, .at_start = true),
    OPT_CALL("port", "PORT", take_port, "TCP port or service name", .at_start = true),
    OPT_CALL("path", "PATH", take_path, "listen at this UNIX socket", .completion = COMPLETE_FILE,
             .at_start = true),
    OPT_CALL("allow", "RANGE[,...]", take_allow,
             "serve only these addresses, such as 10.0.0.0/8; may be repeated", .repeats = true),
    OPT_GROUP("Whom it serves"),
    OPT_WORD("auth", "none|munge|require", who.auth, "none|munge|require",
             "whether to check MUNGE credentials, or to change nothing without", .at_start = true),
    OPT_TEXT("munge-socket", "PATH", who.munge_socket, "munged's socket",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_CALL("admin", "USER|@GROUP", take_admin, "who may do anything, beside root",
             .repeats = true, .at_start = true),
    OPT_CALL("reaper", "USER|@GROUP", take_reaper, "who may say that processes and jobs have ended",
             .repeats = true, .at_start = true),
    OPT_FLAG("private", who.is_private, "tell owners, hosts and jobs to these and nobody else",
             .at_start = true),
    OPT_GROUP("What it shows"),
    OPT_CALL("http", "ADDRESS:PORT", take_http,
             "show locks, metrics and health by HTTP; may be repeated; *:PORT is all addresses",
             .repeats = true, .at_start = true),
    OPT_CALL("http-name", "NAME", take_http_name,
             "another name by which HTTP may be asked for; may be repeated", .repeats = true,
             .completion = COMPLETE_HOST, .at_start = true),
    OPT_FLAG("http-users", http.tells_users, "have the metrics tell how much each user has",
             .at_start = true),
    OPT_TEXT("http-page", "FILE", http.page, "the page that HTTP shows at /",
             .completion = COMPLETE_FILE),
    OPT_GROUP("What it keeps"),
    OPT_CALL("state", "FILE", take_state,
             "keep locks and history there; \"none\": in memory only; see also below",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_WORD("durability", "power|process", durability, "power|process",
             "what a grant is to survive the end of", .at_start = true),
    OPT_CALL("history", "TIME", take_history, "how long to keep what has ended: 90d, 12h, 0",
             .at_start = true),
    OPT_SIZE("history-size", history_bytes, 0, INT64_MAX,
             "most that the state file may have in use before the oldest history goes",
             .at_start = true),
    OPT_WHOLE_SECONDS("requeue-grace", requeue_grace_s, 0, INT32_MAX,
                      "how long waiters keep their places after a restart", .at_start = true),
    OPT_FLAG("move-corrupt-state", move_corrupt_state,
             "rename a damaged state file and begin with no lock held", .at_start = true),
    OPT_GROUP("What it keeps in etcd, with --state etcd:URL[,URL...]/PREFIX"),
    OPT_CALL("takeover", "TIME", take_takeover,
             "how long the one that leads may be silent before another does (5s)",
             .at_start = true),
    OPT_TEXT("history-file", "FILE", etcd.history_file,
             "keep what has ended there: without it no history is kept",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_TEXT("etcd-user", "USER", etcd.user, "etcd's user, who has a password", .at_start = true),
    OPT_TEXT("etcd-password-file", "FILE", etcd.password_file, "whose first line that is",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_TEXT("etcd-ca", "FILE", etcd.ca_file, "who vouches for etcd's certificates",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_TEXT("etcd-cert", "FILE", etcd.cert_file, "the certificate to show to etcd",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_TEXT("etcd-key", "FILE", etcd.key_file, "its key", .completion = COMPLETE_FILE,
             .at_start = true),
    OPT_FLAG("etcd-compact", etcd.compacts,
             "forget what is past in etcd: only where it has no other users", .at_start = true),
    OPT_SIZE("etcd-quota", etcd.quota_bytes, 0, INT64_MAX,
             "the quota of etcd's database, of which half is warned of (2G)", .at_start = true),
    OPT_FLAG("accept-older-state", etcd.accepts_older,
             "go on with an etcd that was restored from a copy, or is another; this start only",
             .not_in_file = true),
    OPT_FLAG("resign", resigns, "have the lockerd of --pid-file give up leading, and exit",
             .not_in_file = true),
    OPT_GROUP("What clients may use; a client is a user that is proven, or else an address"),
    LIMIT("max-connections", CONNECTIONS, 1, "connections in all"),
    LIMIT("max-client-connections", CLIENT_CONNECTIONS, 0, "connections of one client"),
    LIMIT("max-new-connections", CLIENT_ARRIVALS, 0, "new connections a second of one client"),
    LIMIT("max-waiters", WAITERS, 0, "requests that wait, in all"),
    LIMIT("max-client-waiters", CLIENT_WAITERS, 0, "requests of one client that wait"),
    LIMIT("max-client-sessions", CLIENT_SESSIONS, 0,
          "grants and waits that sessions of one client stand for"),
    LIMIT("max-locks", LOCKS, 1, "locks in use, in all"),
    LIMIT("max-client-locks", CLIENT_LOCKS, 0, "locks of one client"),
    LIMIT("max-owner-locks", OWNER_LOCKS, 0, "locks of one owner"),
    OPT_WHOLE_SECONDS("max-hold", limits[IPCLOCKER_LIMIT_HOLD_S], 0, UINT32_MAX,
                      "the longest that a lock may be held; 0: any time (0)"),
    OPT_WHOLE_SECONDS("lost-after", limits[IPCLOCKER_LIMIT_LOST_AFTER_S], 0, UINT32_MAX,
                      "owners of whom nothing is heard so long lose their locks; 0: never (0)"),
    LIMIT("max-names", NAMES, 1, "locks that a request may name"),
    LIMIT_SIZE("max-request", REQUEST_BYTES, 1, UINT32_MAX, "bytes of the names of a request"),
    LIMIT_SIZE("max-client-request", CLIENT_REQUEST_BYTES, 0, SIZE_MAX,
               "bytes of the names of all connections of one client together"),
    OPT_NUMBER("max-offline", "N", limits[IPCLOCKER_LIMIT_OFFLINE], 0, OFFLINE_MOST,
               "names offline that are no seats of a pool"),
    LIMIT_SIZE("max-line", LINE_BYTES, 256, 1 << 20, "bytes of a line of a client"),
    LIMIT_SIZE("max-unread", UNREAD_BYTES, 1024, 1 << 30,
               "bytes that a client may leave unread before nothing more is read from it"),
    LIMIT_SIZE("max-output", OUTPUT, 1 << 20, SIZE_MAX, "bytes unread by all clients together"),
    OPT_WHOLE_SECONDS("unread-time", limits[IPCLOCKER_LIMIT_UNREAD_S], 1, INT32_MAX,
                      "how long a client may take none of its answers"),
    OPT_WHOLE_SECONDS("idle-time", limits[IPCLOCKER_LIMIT_IDLE_S], 1, INT32_MAX,
                      "how long one that neither waits nor holds may send no command"),
    LIMIT_SIZE("client-history", CLIENT_HISTORY, 0, SIZE_MAX,
               "bytes of history a second that one client may fill"),
    LIMIT("client-cost", CLIENT_COST, 0,
          "microseconds a second that one client may cost before it comes after all others"),
    OPT_GROUP("How it runs"),
    CONF_OPTIONS_ROWS(asked),
    OPT_CALL("user", "USER", take_user, "when started by root, become this user (farmlock)",
             .completion = COMPLETE_USER, .at_start = true),
    OPT_CALL("pidstat-port", "PORT", take_pidstat_port,
             "UDP port or service of pidstatd elsewhere, or none", .at_start = true),
    OPT_WORD("classic-pidstatd", "yes|no", no_classic_pidstatd, "yes|no",
             "whether a pidstatd of the classic package is believed (yes)", .at_start = true),
    OPT_CALL("pid-file", "FILE", take_pid_file, "write the process id there",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_CALL("log", "FILE", take_log, "log to a file, or to \"syslog\"",
             .completion = COMPLETE_FILE, .at_start = true),
    OPT_FLAG("fork", background, "go into the background once listening (the default)",
             .no_help = "stay in the foreground", .at_start = true),
    OPT_CALL("debug", NULL, take_debug, "log each request; stay in the foreground"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockerd",
    .usage = "lockerd [OPTION]...",
    .summary = "Grants named locks over the network, first come first served.",
    .options = table,
    .notes = "Without --host and --path it listens at localhost only. The port is --port, else "
             "$IPCLOCKER_PORT, else \"lockerd\" in /etc/services, else 1751. See lockerd(8).",
};

#define UNSAID IPCLOCKER_LIMIT_DEFAULT
static const struct lockerd_options defaults = {
    .background = true,
    .history_s = DEFAULT_HISTORY_S,
    .history_bytes = DEFAULT_HISTORY_BYTES,
    .requeue_grace_s = DEFAULT_REQUEUE_GRACE_S,
    .etcd = {.takeover_ms = DEFAULT_TAKEOVER_MS},
    .limits = {UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID,
               UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID,
               UNSAID, UNSAID, UNSAID, UNSAID, UNSAID, UNSAID},
};
_Static_assert(IPCLOCKER_LIMITS == 22, "of none of them anything was said");

static void read_rules(void *settings, const struct conf_node *root, struct conf_faults *faults)
{
    ((struct lockerd_options *)settings)->rules = lockerd_rules_read(root, faults);
}

static void drop_rules(void *settings)
{
    rules_free(((struct lockerd_options *)settings)->rules);
}

static void print_rules(const void *settings, FILE *out)
{
    rules_print(((const struct lockerd_options *)settings)->rules, out);
}

static const struct conf_others others = {
    .names = rules_settings, .read = read_rules, .drop = drop_rules, .print = print_rules};

static int judge(const void *settings)
{
    const struct lockerd_options *options = settings;

    if (options->state != NULL && store_is_shared(options->state))
        return 0;
    if (options->etcd.history_file != NULL)
        return cli_error("lockerd", EX_USAGE,
                         "--history-file is for a state in etcd: a state file has its own");
    if (options->etcd.accepts_older)
        return cli_error("lockerd", EX_USAGE,
                         "--accept-older-state is for a state in etcd: of a state file nothing "
                         "else is known");
    return 0;
}

struct conf_options lockerd_told = {.line = &command_line,
                                    .usual_path = "/etc/farmlock/lockerd.conf",
                                    .defaults = &defaults,
                                    .size = sizeof defaults,
                                    .asked = offsetof(struct lockerd_options, asked),
                                    .others = &others,
                                    .judge = judge};
