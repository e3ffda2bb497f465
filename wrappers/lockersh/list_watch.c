/* Shows a list in place, and keeps it up to date.
 * Must not leave a terminal other than it was, wherever a signal ends it: nothing is switched on
 * but for the length of one write, and the cursor rests below the picture. */
#include "list_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text_width.h"
#include "cli/message.h"
#include "list_failure.h"
#include "list_screen.h"

struct watching {
    const struct list_options *options;
    struct ipclocker *lock;
    struct ipclocker_list *list; /* the last one that came */
    char *outage;                /* why none has come since; NULL: it is up to date */
    int64_t started_ms;          /* of the server that was asked first */
    bool is_drawn;
};

static void put_clock(char *out, size_t size, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm time;

    if (time_ms < 0 || localtime_r(&seconds, &time) == NULL ||
        strftime(out, size, "%H:%M:%S", &time) == 0)
        snprintf(out, size, "-");
}

/* "14:02:11  12 held, 3 waiting, every 2 s", or what is wrong. */
static void describe(const struct watching *watching, FILE *out)
{
    const struct ipclocker_list *list = watching->list;
    const struct ipclocker_list_head *head = ipclocker_list_head(list);
    char now[16], started[16];

    put_clock(now, sizeof now, head->time_ms);
    fprintf(out, "%s  ", now);
    if (watching->outage != NULL)
        fprintf(out, "(not since) %s", watching->outage);
    else
        fprintf(out, "%zu held, %zu waiting, every %g s", ipclocker_list_lock_count(list),
                ipclocker_list_waiter_count(list), (double)watching->options->watch_ms / 1000);
    if (watching->outage != NULL || head->started_ms == watching->started_ms)
        return;
    put_clock(started, sizeof started, head->started_ms);
    fprintf(out, "; the server was started anew at %s", started);
}

/* The line above the lists, not wider than the terminal. */
static int write_title(const struct watching *watching, const struct table_screen *screen,
                       FILE *out)
{
    bool marked = screen->has_colour && watching->outage != NULL;
    char *text = NULL;
    size_t len = 0, used;
    FILE *memory = open_memstream(&text, &len);

    if (memory == NULL)
        return -1;
    describe(watching, memory);
    if (fclose(memory) != 0) {
        free(text);
        return -1;
    }
    if (screen->columns > 0)
        len = text_width_cut(text, screen->columns, &used);
    fprintf(out, "%s%.*s%s\n", marked ? "\033[7m" : "", (int)len, text, marked ? "\033[0m" : "");
    free(text);
    return 0;
}

/* Title and lists, as they are without a terminal.  Returns NULL with errno ENOMEM. */
static char *make_text(const struct watching *watching, const struct table_screen *screen)
{
    struct table_screen below = *screen;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int result;

    if (out == NULL)
        return NULL;
    below.lines = screen->lines > 4 ? screen->lines - 3 : screen->lines;
    result = screen->is_terminal ? write_title(watching, screen, out) : 0;
    if (result == 0 && screen->is_terminal)
        fputc('\n', out);
    if (result == 0)
        result = view_print(out, watching->list, &watching->options->view, &below);
    if (fclose(out) == 0 && result == 0)
        return text;
    free(text);
    return NULL;
}

/* Each line takes the place of what stood there, and nothing is left below them. */
static void print_in_place(char *text, const struct table_screen *screen, bool is_first)
{
    char *line;

    fputs(is_first ? "\033[H\033[2J" : "\033[H", stdout);
    for (size_t i = 0; i + 1 < screen->lines && text != NULL && *text != '\0'; i++) {
        line = strsep(&text, "\n");
        printf("%s\033[K\n", line);
    }
    fputs("\033[J", stdout);
}

/* A signal that ends us waits until the escapes are whole. */
static int flush_whole(void)
{
    sigset_t all, before;
    int result;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    result = fflush(stdout);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

static int draw(struct watching *watching)
{
    struct table_screen screen;
    char *text;

    list_screen_find(&screen);
    text = make_text(watching, &screen);
    if (text == NULL)
        return list_failure(ENOMEM, NULL);
    if (screen.is_terminal)
        print_in_place(text, &screen, !watching->is_drawn);
    else
        printf("%s%s", watching->is_drawn ? "\n" : "", text);
    free(text);
    watching->is_drawn = true;
    return flush_whole() == 0 ? 0 : EX_OSERR;
}

/* Asks for the next list.  The old one stays where none comes. */
static void ask(struct watching *watching)
{
    struct ipclocker_list *list = ipclocker_list_read(watching->lock);

    free(watching->outage);
    watching->outage = NULL;
    if (list != NULL) {
        ipclocker_list_free(watching->list);
        watching->list = list;
        return;
    }
    watching->outage = strdup(ipclocker_error(watching->lock));
    if (isatty(STDOUT_FILENO) != 1)
        cli_error("lockersh", 0, "%s", ipclocker_error(watching->lock));
}

/* Waits for the next time to ask; draws anew when the terminal has another size. */
static int rest(struct watching *watching, const sigset_t *resized)
{
    int64_t end_ms = clock_now_ms() + watching->options->watch_ms, left_ms;

    while ((left_ms = end_ms - clock_now_ms()) > 0) {
        const struct timespec left = {.tv_sec = left_ms / 1000,
                                      .tv_nsec = left_ms % 1000 * 1000000};

        if (sigtimedwait(resized, NULL, &left) == SIGWINCH) {
            int status = draw(watching);

            if (status != 0)
                return status;
        }
    }
    return 0;
}

static int begin(struct watching *watching)
{
    const struct list_filter *filter = &watching->options->view.filter;
    const struct ipclocker_list_head *head;

    watching->list = ipclocker_list_read(watching->lock);
    if (watching->list == NULL)
        return -1;
    head = ipclocker_list_head(watching->list);
    watching->started_ms = head->started_ms;
    /* One try each time; the next one is soon. */
    ipclocker_set_connect_tries(watching->lock, 1);
    return filter_can_pick(filter, head) ? 0 : list_failure(ENOTSUP, filter);
}

int list_watch(const struct list_options *options, struct ipclocker *lock)
{
    struct watching watching = {.options = options, .lock = lock};
    sigset_t resized;
    int status = begin(&watching);

    sigemptyset(&resized);
    sigaddset(&resized, SIGWINCH);
    sigprocmask(SIG_BLOCK, &resized, NULL);
    while (status == 0) {
        /* A list without pictures says nothing new while the server is away. */
        if (watching.outage == NULL || isatty(STDOUT_FILENO) == 1)
            status = draw(&watching);
        if (status == 0)
            status = rest(&watching, &resized);
        if (status == 0)
            ask(&watching);
    }
    ipclocker_list_free(watching.list);
    free(watching.outage);
    return status;
}
