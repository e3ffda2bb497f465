/* Options of lockersh that are about locks of processes other than its command.
 * Must not look at these processes. */
#include "for_pid_options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "net/local_host.h"
#include "net/port.h"

/* "farm7:4711", "[fd00::7]:4711": what stands before the pid, without brackets.  One of this host
 * is as if it had none. */
static int take_host(struct for_pid_options *options, const char *text, size_t len)
{
    char host[sizeof options->host];

    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof host)
        return cli_error("lockersh", EX_USAGE, "--for-pid needs a PID, or HOST:PID");
    snprintf(host, sizeof host, "%.*s", (int)len, text);
    if (host_option_check("lockersh", "for-pid", host) != 0)
        return EX_USAGE;
    if (!local_host_has_name(host))
        memcpy(options->host, host, len + 1);
    return 0;
}

int for_pid_options_take_pid(void *context, const char *text)
{
    struct for_pid_options *options = &((struct lockersh_options *)context)->for_pid;
    const char *colon = strrchr(text, ':');
    char shown[MESSAGE_EXCERPT_SIZE];
    uint64_t pid;

    if (number_parse(colon != NULL ? colon + 1 : text, INT_MAX, &pid) != 0 || pid == 0)
        return cli_error("lockersh", EX_USAGE,
                         "--for-pid \"%s\" is no process; give its PID, as $$ in a shell, or "
                         "HOST:PID",
                         message_excerpt(shown, text, strlen(text)));
    options->pid = (pid_t)pid;
    return colon != NULL ? take_host(options, text, (size_t)(colon - text)) : 0;
}

int for_pid_options_take_port(void *context, const char *text)
{
    struct for_pid_options *options = &((struct lockersh_options *)context)->for_pid;
    char shown[MESSAGE_EXCERPT_SIZE];

    if (port_parse(text, "udp", &options->port) == 0)
        return 0;
    return cli_error("lockersh", EX_USAGE,
                     "--pidstatd-port \"%s\" is neither a number from 1 to 65535 nor a service",
                     message_excerpt(shown, text, strlen(text)));
}

int for_pid_options_settle(struct lockersh_options *options)
{
    static const char *const words[] = {
        [GRANT_PLAIN] = "plain", [GRANT_SH] = "sh", [GRANT_CSH] = "csh", [GRANT_JSON] = "json"};
    char shown[MESSAGE_EXCERPT_SIZE];

    if (options->format == NULL || options->action == LOCKERSH_LIST)
        return -1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(options->format, words[i]) == 0) {
            options->for_pid.format = (enum grant_format)i;
            return -1;
        }
    }
    return cli_error("lockersh", EX_USAGE, "--format \"%s\" is none of plain|sh|csh|json",
                     message_excerpt(shown, options->format, strlen(options->format)));
}

static bool does_something_on_loss(const struct loss_plan *plan)
{
    return plan->command != NULL || plan->signal != 0 || plan->warn_ms != 0;
}

/* Of a process of another host nothing but its end reaches us. */
static int check_elsewhere(const struct lockersh_options *options)
{
    if (options->for_pid.host[0] == '\0' || !does_something_on_loss(&options->loss))
        return -1;
    return cli_error("lockersh", EX_USAGE,
                     "--on-lost and --warn reach processes of this host only, not %s:%d",
                     options->for_pid.host, (int)options->for_pid.pid);
}

int for_pid_options_check(const struct lockersh_options *options)
{
    const struct for_pid_options *for_pid = &options->for_pid;

    if (for_pid->pid == 0 && options->action == LOCKERSH_UNLOCK)
        return cli_error("lockersh", EX_USAGE,
                         "--unlock needs --for-pid, the process for which the lock is held; see "
                         "--break for locks of others");
    if (for_pid->pid == 0 && (for_pid->print || for_pid->format != GRANT_PLAIN))
        return cli_error("lockersh", EX_USAGE, "--print and --format go with --for-pid");
    if (for_pid->pid != 0 && for_pid->file != NULL)
        return cli_error("lockersh", EX_USAGE,
                         "choose one of --for-pid and --for-pid-file, which goes with a command");
    if (for_pid->pid != 0 && options->action != LOCKERSH_RUN &&
        options->action != LOCKERSH_UNLOCK && options->action != LOCKERSH_EXTEND)
        return cli_error("lockersh", EX_USAGE, "--for-pid goes with --lock, --unlock and --extend");
    if (for_pid->file != NULL && options->action != LOCKERSH_RUN)
        return cli_error("lockersh", EX_USAGE, "--for-pid-file goes with a command");
    if (options->descendants &&
        (options->action != LOCKERSH_RUN || for_pid->file != NULL || for_pid->host[0] != '\0'))
        return cli_error("lockersh", EX_USAGE,
                         "--descendants goes with a command, or with --for-pid of this host");
    return check_elsewhere(options);
}
