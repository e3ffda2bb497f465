/* The names of signal(7).
 * Must not send signals. */
#include "signal_name.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

static const struct {
    const char *name;
    int number;
} names[] = {
    {"HUP", SIGHUP},
    {"INT", SIGINT},
    {"QUIT", SIGQUIT},
    {"ILL", SIGILL},
    {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},
    {"BUS", SIGBUS},
    {"FPE", SIGFPE},
    {"KILL", SIGKILL},
    {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE},
    {"ALRM", SIGALRM},
    {"TERM", SIGTERM},
    {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},
    {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},
    {"URG", SIGURG},
    {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ},
    {"PROF", SIGPROF},
    {"VTALRM", SIGVTALRM},
    {"WINCH", SIGWINCH},
    {"IO", SIGIO},
    {"PWR", SIGPWR},
    {"SYS", SIGSYS},
    /* Second names; the first that fits is the one that is shown. */
    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},
    {"POLL", SIGPOLL},
};

/* "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-1". */
static int parse_real_time(const char *text)
{
    bool from_min = strncasecmp(text, "RTMIN", 5) == 0;
    uint64_t offset = 0;

    if (!from_min && strncasecmp(text, "RTMAX", 5) != 0)
        return -1;
    text += 5;
    if (*text != '\0') {
        if (*text != (from_min ? '+' : '-') ||
            number_parse(text + 1, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset) != 0)
            return -1;
    }
    return from_min ? SIGRTMIN + (int)offset : SIGRTMAX - (int)offset;
}

static int parse_name(const char *text)
{
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(text, names[i].name) == 0)
            return names[i].number;
    }
    return parse_real_time(text);
}

int signal_name_parse(const char *text)
{
    uint64_t number;
    int result;

    if (*text == '-')
        text++;
    if (number_parse(text, (uint64_t)SIGRTMAX, &number) == 0)
        result = number > 0 ? (int)number : -1;
    else
        result = parse_name(text);
    if (result < 0)
        errno = EINVAL;
    return result;
}

void signal_name_format(char *out, size_t size, int number)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == number) {
            snprintf(out, size, "%s", names[i].name);
            return;
        }
    }
    snprintf(out, size, "%d", number);
}
