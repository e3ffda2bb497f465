/* Questions about processes of this host, which need no daemon.
 * Must not send anything. */
#include "here.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "process/process.h"

enum { LOCAL_POLL_MS = 50 };

static void close_pidfd(struct asker_question *question)
{
    descriptor_close(question->fd);
    question->fd = -1;
}

/* With a start that /proc hides, the end of whatever has the pid now still proves the end. */
static enum pidstat_state open_local(struct asker_question *question)
{
    question->fd = process_open(question->pid, question->known.start);
    if (question->fd < 0 && errno == EPERM) {
        question->fd = process_open(question->pid, 0);
        return question->fd >= 0 ? PIDSTAT_UNKNOWN : process_lookup(question->pid, 0);
    }
    if (question->fd >= 0)
        return PIDSTAT_EXISTS;
    return process_lookup(question->pid, question->known.start);
}

static enum pidstat_state look_here(struct asker_question *question)
{
    const struct pidstat_words *known = &question->known;

    if ((known->present & WORD_BOOT) &&
        process_ended_with_boot(question->pid, known->start, known->boot))
        return PIDSTAT_GONE;
    if (!(question->flags & ASK_STANDING) || question->state == QUESTION_LOCAL_POLL)
        return process_lookup(question->pid, question->known.start);
    if (question->known.start == 0)
        question->known.start = process_start_time(question->pid);
    return open_local(question);
}

static void on_end(struct pidstat_asker *asker, struct asker_source *source)
{
    struct asker_question *question = tree_entry(source, struct asker_question, source);
    struct pidstat_result result = {.answered = true,
                                    .state = PIDSTAT_GONE,
                                    .start = question->known.start,
                                    .boot = process_boot_id()};

    states_tell(asker, question, &result);
}

static void watch_here(struct pidstat_asker *asker, struct asker_question *question)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &question->source};

    question->source.ready = on_end;
    if (question->fd >= 0 && epoll_ctl(asker->epoll_fd, EPOLL_CTL_ADD, question->fd, &event) == 0) {
        question->state = QUESTION_LOCAL;
        return;
    }
    close_pidfd(question);
    states_wait_until(asker, question, QUESTION_LOCAL_POLL,
                      clock_now_us() + LOCAL_POLL_MS * INT64_C(1000));
}

void here_answer(struct pidstat_asker *asker, struct asker_question *question)
{
    enum pidstat_state state = look_here(question);
    struct pidstat_result result = {
        .answered = pidstat_wire_is_wanted(question->which, state),
        .state = PIDSTAT_UNKNOWN,
        .boot = process_boot_id(),
    };

    if (result.answered)
        result.state = state;
    result.start = question->known.start;
    if (result.start == 0 && state == PIDSTAT_EXISTS)
        result.start = process_start_time(question->pid);
    if (states_tell(asker, question, &result))
        watch_here(asker, question);
}
