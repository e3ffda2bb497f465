/* The waiting line of lockersh.
 * Must not send anything to a terminal that came from the network uncleaned, nor any escape. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/text.h"
#include "wait_text.h"

enum {
    QUIET_MS = 1000,    /* a person does not mind to wait for so long unasked */
    REDRAW_MS = 1000,   /* on a terminal */
    LOOK_MS = 5000,     /* without one, where much is said */
    REST_MS = 60000,    /* between the first two lines of a log; doubled for each */
    WIDTH_DEFAULT = 80, /* of a terminal that does not say */
};

void progress_init(struct progress *progress, const char *name, const char *demand,
                   enum progress_talk talk)
{
    *progress = (struct progress){.name = name, .demand = demand, .talk = talk};
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->next_ms = talk == PROGRESS_VERBOSE ? 0 : QUIET_MS;
}

static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

/* Cuts a text to what surely fits in so many columns; returns how many it may take. */
static size_t cut_to_width(char *text, size_t width)
{
    size_t used = 0, len = strlen(text), at = 0;

    while (at < len) {
        size_t step = text_char_len(text + at, len - at);
        size_t columns = step > 1 ? 2 : 1;

        if (step == 0 || used + columns > width)
            break;
        used += columns;
        at += step;
    }
    text[at] = '\0';
    return used;
}

/* Blanks over the old line, rather than an escape that a dumb terminal would print. */
static void draw(struct progress *progress, char *text, const char *end)
{
    size_t columns = cut_to_width(text, terminal_width() - 1);
    size_t rest = progress->drawn_len > columns ? progress->drawn_len - columns : 0;

    fprintf(stderr, "\r%s%*s%s", text, (int)rest, "", end);
    fflush(stderr);
    progress->drawn_len = *end == '\0' ? columns : 0;
}

static void describe(const struct progress *progress, const struct ipclocker_wait *wait, char *out,
                     size_t size)
{
    char since[80] = "", place[48] = "", waited[DURATION_TEXT_SIZE];
    bool names_other = wait->lock[0] != '\0' && strcmp(wait->lock, progress->demand) != 0;

    if (wait->held_ms >= 0)
        wait_text_since(since, sizeof since, wait->held_ms);
    duration_format(waited, wait->waited_ms / 1000, DURATION_WORDS);
    if (wait->reason[0] != '\0') {
        if (wait->length > 0)
            snprintf(place, sizeof place, "place %zu of %zu; ", wait->position, wait->length);
        snprintf(out, size, "%s: waiting %s for %s: %s%s", progress->name, waited, progress->demand,
                 place, wait->reason);
        return;
    }
    if (wait->position > 0)
        snprintf(place, sizeof place, ", place %zu in the queue", wait->position);
    snprintf(out, size, "%s: waiting %s for %s%s; %s has%s %s%s", progress->name, waited,
             progress->demand, place, wait->holder[0] != '\0' ? wait->holder : "somebody",
             since[0] != '\0' ? " had" : "", names_other ? wait->lock : "it", since);
}

static bool has_changed(struct progress *progress, const struct ipclocker_wait *wait)
{
    bool same = progress->said && progress->position == wait->position &&
                strcmp(progress->holder, wait->holder) == 0 &&
                strcmp(progress->reason, wait->reason) == 0;

    progress->position = wait->position;
    snprintf(progress->holder, sizeof progress->holder, "%s", wait->holder);
    snprintf(progress->reason, sizeof progress->reason, "%s", wait->reason);
    return !same;
}

static bool is_worth_a_line(struct progress *progress, const struct ipclocker_wait *wait)
{
    return progress->talk != PROGRESS_VERBOSE || has_changed(progress, wait);
}

/* In the background, the line of the terminal is the shell's, or another program's. */
static bool owns_line(const struct progress *progress)
{
    return progress->terminal && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static void say(struct progress *progress, const char *text)
{
    fprintf(stderr, "%s%s\n", progress->drawn_len > 0 ? "\n" : "", text);
    progress->drawn_len = 0;
}

static void show(struct progress *progress, const struct ipclocker_wait *wait)
{
    char text[1024];

    describe(progress, wait, text, sizeof text);
    if (owns_line(progress))
        draw(progress, text, "");
    else if (progress->terminal ? !progress->said : is_worth_a_line(progress, wait))
        say(progress, text);
    progress->said = true;
}

/* Shows it, and has the news ready for the next time.  Returns when that is. */
static int64_t show_often(struct progress *progress, struct ipclocker *lock,
                          const struct ipclocker_wait *wait)
{
    show(progress, wait);
    ipclocker_refresh_wait(lock);
    return progress->terminal ? REDRAW_MS : LOOK_MS;
}

/* The same for a log, where the news would be old by the next time: it is asked for just before. */
static int64_t show_rarely(struct progress *progress, struct ipclocker *lock,
                           const struct ipclocker_wait *wait)
{
    if (progress->said && !progress->asked) {
        progress->asked = true;
        ipclocker_refresh_wait(lock);
        return REDRAW_MS;
    }
    show(progress, wait);
    progress->asked = false;
    progress->rest_ms = progress->rest_ms == 0 ? REST_MS : progress->rest_ms * 2;
    return progress->rest_ms;
}

int progress_update(struct progress *progress, struct ipclocker *lock)
{
    bool often = progress->terminal || progress->talk == PROGRESS_VERBOSE;
    struct ipclocker_wait wait;

    if (progress->talk == PROGRESS_QUIET)
        return -1;
    ipclocker_wait(lock, &wait);
    if (!wait.waiting)
        return -1;
    if (wait.waited_ms >= progress->next_ms)
        progress->next_ms = wait.waited_ms + (often ? show_often(progress, lock, &wait)
                                                    : show_rarely(progress, lock, &wait));
    return (int)(progress->next_ms - wait.waited_ms);
}

void progress_obtained(struct progress *progress, const struct ipclocker *lock)
{
    struct ipclocker_wait wait;
    char text[1024], names[512];

    if (!progress->said)
        return;
    ipclocker_wait(lock, &wait);
    text_clean(names, sizeof names, ipclocker_lock_name(lock), strlen(ipclocker_lock_name(lock)));
    snprintf(text, sizeof text, "%s: obtained %s after %.1f s", progress->name, names,
             (double)wait.waited_ms / 1000.0);
    if (owns_line(progress))
        draw(progress, text, "\n");
    else
        say(progress, text);
}

void progress_clear(struct progress *progress)
{
    char nothing[] = "";

    if (progress->drawn_len > 0 && owns_line(progress))
        draw(progress, nothing, "\r");
}
