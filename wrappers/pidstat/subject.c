/* Processes as pidstat's words name them, and what is printed of them.
 * Must not ask about them. */
#include "subject.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/text.h"
#include "cli/message.h"

int subject_parse(struct subject *subject, const char *word, const char *default_host)
{
    const char *colon = strrchr(word, ':');
    const char *host = default_host, *pid = word;
    size_t host_len = strlen(host);
    uint64_t number;

    if (colon != NULL) {
        host = word;
        host_len = (size_t)(colon - word);
        pid = colon + 1;
    }
    if (number_parse(pid, INT32_MAX, &number) != 0 || number == 0)
        return cli_error("pidstat", EX_USAGE,
                         "there is no process '%s'; give PID or HOST:PID, PID being 1 or above",
                         word);
    subject->bracketed = host_len > 2 && host[0] == '[' && host[host_len - 1] == ']';
    if (subject->bracketed) {
        host++;
        host_len -= 2;
    } else if (colon != NULL && memchr(host, ':', host_len) != NULL) {
        return cli_error("pidstat", EX_USAGE,
                         "a host cannot be '%s'; write an IPv6 address in brackets", word);
    }
    subject->host = strndup(host, host_len);
    subject->pid = (pid_t)number;
    if (subject->host == NULL)
        return cli_error("pidstat", EX_OSERR, "out of memory");
    if (strchr(subject->host, ':') != NULL)
        subject->bracketed = true;
    return 0;
}

void subject_fini(struct subject *subject)
{
    free(subject->host);
}

void subject_take(struct subject *subject, const struct pidstat_result *result)
{
    subject->known = true;
    subject->last = *result;
    subject->last.host = subject->last.boot = NULL;
    if (result->boot != NULL)
        snprintf(subject->boot, sizeof subject->boot, "%s", result->boot);
}

static const char *state_word(const struct subject *subject)
{
    static const char *const words[] = {
        [PIDSTAT_GONE] = "down", [PIDSTAT_EXISTS] = "up", [PIDSTAT_UNKNOWN] = "unknown"};

    if (subject->known && subject->last.answered)
        return words[subject->last.state];
    return subject->last.refused ? "no_daemon" : "host_down";
}

bool subject_explain(const struct subject *subject, uint16_t port, char *out, size_t out_size)
{
    const struct pidstat_result *last = &subject->last;

    if (last->resolve_error != 0)
        snprintf(out, out_size, "the host name %s does not resolve: %s", subject->host,
                 gai_strerror(last->resolve_error));
    else if (last->foreign)
        snprintf(out, out_size,
                 "the pidstatd on %s is in a container (pid namespace %" PRIu64
                 ") and cannot tell of process %d of the host; run one on the host itself",
                 subject->host, last->pid_namespace, (int)subject->pid);
    else if (last->classic)
        snprintf(out, out_size,
                 "the pidstatd on %s is a classic one, and not believed (--classic-pidstatd no); "
                 "run farmlock's there",
                 subject->host);
    else if (last->refused)
        snprintf(out, out_size,
                 "%s is up, but nothing listens on its UDP port %u (Connection refused); start "
                 "pidstatd there",
                 subject->host, port);
    else if (!subject->known || !last->answered)
        snprintf(out, out_size, "no answer from %s, UDP port %u; is it up, is a firewall between?",
                 subject->host, port);
    else
        return false;
    return true;
}

void subject_print_json(const struct subject *subject, uint16_t port)
{
    json_object *object = json_object_new_object();
    char why[SUBJECT_WHY_SIZE];

    json_object_object_add(object, "host", json_object_new_string(subject->host));
    json_object_object_add(object, "pid", json_object_new_int64(subject->pid));
    json_object_object_add(object, "state", json_object_new_string(state_word(subject)));
    if (subject->last.start != 0)
        json_object_object_add(object, "start_time", json_object_new_uint64(subject->last.start));
    if (subject->boot[0] != '\0')
        json_object_object_add(object, "boot_id", json_object_new_string(subject->boot));
    if (subject->last.rtt_us != 0)
        json_object_object_add(object, "rtt_us", json_object_new_int64(subject->last.rtt_us));
    if (subject->last.pid_namespace != 0)
        json_object_object_add(object, "pid_namespace",
                               json_object_new_uint64(subject->last.pid_namespace));
    if (subject_explain(subject, port, why, sizeof why))
        json_object_object_add(object, "error", json_object_new_string(why));
    printf("%s", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
    json_object_put(object);
}

void subject_print(const struct subject *subject)
{
    char shown[1024];

    text_clean(shown, sizeof shown, subject->host, strlen(subject->host));
    printf("%s%s%s:%d %s\n", subject->bracketed ? "[" : "", shown, subject->bracketed ? "]" : "",
           (int)subject->pid, state_word(subject));
}
