/* What a person is told while lockersh waits, on standard error. */
#ifndef FARMLOCK_LOCKERSH_PROGRESS_H
#define FARMLOCK_LOCKERSH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "ipclocker.h"

/* A terminal has one line, from a second of waiting on, that is kept up to date in place; a job in
 * the background says it once, in a line of its own.  A log has a line after a second, another
 * after a minute, and then ever more rarely.  What is verbose begins at once, and its log has a
 * line whenever holder or place change.
 */
enum progress_talk { PROGRESS_USUAL, PROGRESS_VERBOSE, PROGRESS_QUIET };

struct progress {
    const char *name; /* of the program, for the beginning of lines */
    enum progress_talk talk;
    bool terminal;
    const char *demand; /* what is waited for; the caller's, clean */

    bool said;        /* something was shown */
    size_t drawn_len; /* columns of the line that is on the terminal, 0 for none */
    size_t position;  /* what was shown last */
    char holder[256];
    char reason[512];
    int64_t next_ms; /* of waiting, when to look again */
    int64_t rest_ms; /* between the last two lines of a log */
    bool asked;      /* the server, for the next of them */
};

/* Looks whether standard error is a terminal. */
void progress_init(struct progress *progress, const char *name, const char *demand,
                   enum progress_talk talk);

/* Shows how the handle waits, if it is time for that, and asks the server for news.  Returns for
 * how many milliseconds there is nothing to do, -1 for ever.
 */
int progress_update(struct progress *progress, struct ipclocker *lock);

/* Says that the lock was obtained, where the waiting was shown. */
void progress_obtained(struct progress *progress, const struct ipclocker *lock);

/* Takes the line off the terminal, before something else is written. */
void progress_clear(struct progress *progress);

#endif
