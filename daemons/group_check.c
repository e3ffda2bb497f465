/* Looks for the groups of the system that a configuration names.
 * Must not let the loop wait for the group database: a thread does. */
#include "group_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/thread.h"
#include "log.h"

/* Whoever ends while the database hangs leaves this to the thread. */
static struct {
    const struct rules *rules;
    group_check_done_fn *done;
    void *context;
    struct event *event; /* NULL: nothing is under way */
    struct buffer told;  /* faults, each with a NUL; the thread's until it is done */
    struct conf_faults faults;
    int ends[2];
} check;

static void keep(void *context, const char *text)
{
    buffer_add(context, text, strlen(text) + 1);
}

static void *ask(void *unused)
{
    ssize_t written;

    rules_check_system_groups(check.rules, &check.faults);
    do
        written = write(check.ends[1], "", 1);
    while (written < 0 && errno == EINTR);
    return unused;
}

static void end(void)
{
    event_free(check.event);
    check.event = NULL;
    close(check.ends[0]);
    close(check.ends[1]);
    buffer_fini(&check.told);
}

static void on_done(evutil_socket_t fd, short what, void *unused)
{
    bool is_sound = check.faults.count == 0;
    size_t at = 0;

    (void)fd;
    (void)what;
    (void)unused;
    for (; at < check.told.len; at += strlen(check.told.data + at) + 1)
        log_line(LOG_ERR, "%s", check.told.data + at);
    end();
    check.done(check.context, is_sound);
}

static int start_thread(void)
{
    errno = thread_start(NULL, 0, ask, NULL);
    return errno == 0 ? 0 : -1;
}

int group_check_start(struct event_base *base, const struct rules *rules, group_check_done_fn *done,
                      void *context)
{
    if (pipe2(check.ends, O_CLOEXEC) != 0)
        return -1;
    check.rules = rules;
    check.done = done;
    check.context = context;
    check.faults = (struct conf_faults){.tell = keep, .context = &check.told};
    check.event = event_new(base, check.ends[0], EV_READ, on_done, NULL);
    if (check.event != NULL && event_add(check.event, NULL) == 0 && start_thread() == 0)
        return 0;
    if (check.event != NULL)
        event_free(check.event);
    check.event = NULL;
    close(check.ends[0]);
    close(check.ends[1]);
    return -1;
}

bool group_check_is_under_way(void)
{
    return check.event != NULL;
}
