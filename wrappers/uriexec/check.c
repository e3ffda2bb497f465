/* Looks whether uriexec is where launchers lead, and says where it is not.
 * Must not let a launcher that only repeats its words pass for one that runs them. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "launcher.h"
#include "launcher_name.h"
#include "shell.h"
#include "uricommand/compose.h"

/* Nowhere in the words for a launcher: the far side has to make it of the two below. */
static const char answer[] = "uriexec-answers";
static const char asks_uriexec[] = "printf '\\nuriexec-%s\\n' answers";
static const char asks_basename[] = "/uriexec-answers.here .here";

/* A launcher that is asked, and what was read of its output so far. */
struct asked {
    const char *command;
    int output;
    bool quietly;        /* standard error is thrown away */
    struct pollfd input; /* of this side */
    int matched;         /* bytes of the answer at the start of this line; -1 in another line */
    bool found;
};

/* Login shells may greet at length, and a terminal on the way ends lines with \r\n. */
static void read_byte(struct asked *asked, char byte)
{
    const int whole = (int)sizeof answer - 1;

    if (byte == '\n' || byte == '\r') {
        asked->found = asked->found || asked->matched == whole;
        asked->matched = 0;
    } else if (asked->matched >= 0) {
        asked->matched = byte == answer[asked->matched] ? asked->matched + 1 : -1;
    }
}

static void close_input(struct asked *asked)
{
    descriptor_close(asked->input.fd);
    asked->input.fd = -1;
}

static void read_answer(void *context)
{
    struct asked *asked = context;
    char bytes[4096];
    ssize_t got = -1;

    if (asked->input.fd < 0)
        return;
    while ((got = read(asked->input.fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            read_byte(asked, bytes[i]);
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR))
        close_input(asked);
}

/* Without input, which is the command's that runs later. */
static int run_asked(void *context)
{
    const struct asked *asked = context;

    if (descriptor_streams_to_null(asked->quietly) != 0 || dup2(asked->output, STDOUT_FILENO) < 0)
        return EX_OSERR;
    return become("/bin/sh", asked->command);
}

/* Runs a command, with its wait status in *status, and looks for the answer in what it prints.
 * Returns 1 when it is there, 0 when it is not, -1 with errno when the command could not be run to
 * its end. */
static int run_and_read(const char *command, bool quietly, int *status)
{
    struct asked asked = {.command = command, .quietly = quietly};
    struct launcher launcher;
    int ends[2];
    int started;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    asked.input = (struct pollfd){.fd = ends[0], .events = POLLIN};
    asked.output = ends[1];
    started = launcher_start(&launcher, run_asked, &asked);
    close(ends[1]);
    if (started == 0)
        *status = launcher_wait(&launcher, &asked.input, 1, -1, read_answer, &asked);
    close_input(&asked);
    if (started == 0 && launcher.told != 0) {
        launcher_end_by(launcher.told);
        errno = EINTR;
        return -1;
    }
    read_byte(&asked, '\n');
    return started == 0 ? asked.found : -1;
}

/* The same through hops; a failure of theirs, where they can tell, is no answer. */
static int answers(const struct uricommand_hop *hops, size_t count, const char *options,
                   const char *command, bool quietly)
{
    bool tells = true;
    int status = 0;
    char *built = compose_hops(hops, count, options, options, command);
    int found = built != NULL ? run_and_read(built, quietly, &status) : -1;

    free(built);
    for (size_t i = 0; i < count; i++)
        tells = tells && !launcher_name_is_rsh(hops[i].launcher);
    return found > 0 && tells && status != 0 ? 0 : found;
}

/* Whether one launcher gets through to its far side at all: there env(1) runs basename. */
static int gets_through(struct uricommand_hop *hops, size_t at)
{
    const char *uriexec = hops[at].uriexec;
    int found;

    hops[at].uriexec = "basename";
    found = answers(hops, at + 1, NULL, asks_basename, false);
    hops[at].uriexec = uriexec;
    return found;
}

static int complain_of_hop(const struct uricommand_hop *hop, bool through)
{
    const char *launcher = clean(hop->launcher, strlen(hop->launcher));

    if (!through)
        return cli_error("uriexec", STATUS_NOT_FOUND,
                         "'%s' does not get through: it does not run 'env basename' there",
                         launcher);
    return cli_error("uriexec", STATUS_NOT_FOUND,
                     "no %s beyond '%s'; install farmlock there or say with --uriexec-path where "
                     "it is",
                     hop->uriexec != NULL ? hop->uriexec : "uriexec", launcher);
}

static int complain_of_age(const struct uricommand_hop *hop)
{
    return cli_error("uriexec", STATUS_NOT_FOUND,
                     "the %s beyond '%s' is too old for --tie; install this version there",
                     hop->uriexec != NULL ? hop->uriexec : "uriexec",
                     clean(hop->launcher, strlen(hop->launcher)));
}

static int complain_of_check(void)
{
    return cli_error("uriexec", EX_OSERR, "cannot check the hops: %s", error_text(errno));
}

/* The first hop beyond which uriexec does not take the options; there is one at every hop. */
static int find_old(const struct uricommand_hop *hops, size_t count, const char *options)
{
    for (size_t i = 0; i < count; i++) {
        int takes = answers(hops, i + 1, options, asks_uriexec, true);

        if (takes <= 0)
            return takes < 0 ? complain_of_check() : complain_of_age(&hops[i]);
    }
    return 0;
}

int check_hops(struct uricommand_hop *hops, size_t count, const char *options)
{
    if (answers(hops, count, options, asks_uriexec, true) > 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int there = answers(hops, i + 1, NULL, asks_uriexec, true);
        int through = there == 0 ? gets_through(hops, i) : there;

        if (through < 0)
            return complain_of_check();
        if (there == 0)
            return complain_of_hop(&hops[i], through > 0);
    }
    return options != NULL ? find_old(hops, count, options) : 0;
}
