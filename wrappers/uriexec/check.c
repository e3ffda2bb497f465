/* Looks whether uriexec is where launchers lead, and says where it is not.
 * Must not let a launcher that only repeats its words pass for one that runs them. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error_text.h"
#include "cli/message.h"
#include "launch.h"
#include "shell.h"

/* Nowhere in the words for a launcher: the far side has to make it of the two below. */
static const char answer[] = "uriexec-answers";
static const char asks_uriexec[] = "printf '\\nuriexec-%s\\n' answers";
static const char asks_basename[] = "/uriexec-answers.here .here";

/* What was read of a launcher's output so far. */
struct reader {
    int matched; /* bytes of the answer at the start of this line; -1 in a line that differs */
    bool found;
};

/* Login shells may greet at length, and a terminal on the way ends lines with \r\n. */
static void read_byte(struct reader *reader, char byte)
{
    const int whole = (int)sizeof answer - 1;

    if (byte == '\n' || byte == '\r') {
        reader->found = reader->found || reader->matched == whole;
        reader->matched = 0;
    } else if (reader->matched >= 0) {
        reader->matched = byte == answer[reader->matched] ? reader->matched + 1 : -1;
    }
}

static bool read_answer(int from, void *context)
{
    struct reader *reader = context;
    char bytes[4096];
    ssize_t got;

    while ((got = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            read_byte(reader, bytes[i]);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Runs a command, with its wait status in *status, and looks for the answer in what it prints.
 * Returns 1 when it is there, 0 when it is not, -1 with errno when the command could not be run to
 * its end. */
static int run_and_read(const char *command, bool quietly, int *status)
{
    struct launcher launcher = {.quietly = quietly};
    struct reader reader = {0};
    int ends[2];
    int started;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    launcher.output = ends[1];
    started = launch_start(&launcher, command);
    close(ends[1]);
    if (started == 0)
        *status = launch_wait(&launcher, ends[0], read_answer, &reader);
    close(ends[0]);
    if (started == 0 && launcher.told != 0) {
        launch_end_by(launcher.told);
        errno = EINTR;
        return -1;
    }
    read_byte(&reader, '\n');
    return started == 0 ? reader.found : -1;
}

/* The same through hops; a failure of theirs, where they can tell, is no answer. */
static int answers(const struct uricommand_hop *hops, size_t count, const char *command,
                   bool quietly)
{
    bool tells = true;
    int status = 0;
    char *built = uricommand_build_hops(hops, count, command);
    int found = built != NULL ? run_and_read(built, quietly, &status) : -1;

    free(built);
    for (size_t i = 0; i < count; i++)
        tells = tells && !check_carries_no_status(&hops[i]);
    return found > 0 && tells && status != 0 ? 0 : found;
}

/* Whether one launcher gets through to its far side at all: there env(1) runs basename. */
static int gets_through(struct uricommand_hop *hops, size_t at)
{
    const char *uriexec = hops[at].uriexec;
    int found;

    hops[at].uriexec = "basename";
    found = answers(hops, at + 1, asks_basename, false);
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

int check_hops(struct uricommand_hop *hops, size_t count)
{
    if (answers(hops, count, asks_uriexec, true) > 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int there = answers(hops, i + 1, asks_uriexec, true);
        int through = there == 0 ? gets_through(hops, i) : there;

        if (through < 0)
            return cli_error("uriexec", EX_OSERR, "cannot check the hops: %s", error_text(errno));
        if (there == 0)
            return complain_of_hop(&hops[i], through > 0);
    }
    return 0;
}

bool check_carries_no_status(const struct uricommand_hop *hop)
{
    const char *word = hop->launcher + strspn(hop->launcher, " ");

    while (*word != '\0') {
        size_t len = strcspn(word, " ");
        const char *slash = memrchr(word, '/', len);
        const char *name = slash != NULL ? slash + 1 : word;
        size_t name_len = (size_t)(word + len - name);

        if ((name_len == 3 && strncmp(name, "rsh", 3) == 0) ||
            (name_len > 4 && strncmp(name, "rsh-", 4) == 0) ||
            (name_len == 5 && strncmp(name, "remsh", 5) == 0))
            return true;
        word += len + strspn(word + len, " ");
    }
    return false;
}
