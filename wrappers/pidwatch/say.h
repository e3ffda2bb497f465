/* What pidwatch's watcher says to the user, though it lets go of what the command has open. */
#ifndef FARMLOCK_PIDWATCH_SAY_H
#define FARMLOCK_PIDWATCH_SAY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "options.h"

struct speaker {
    const struct pidwatch_options *options;
    int fd;             /* standard error as long as it is held, or -1 */
    bool keeps;         /* to the end: nobody waits for the end of what it is */
    struct stat stderr; /* what it was at the start, zero where none */
};

/* To be called before anything else changes standard error.  `fd` becomes standard error where the
 * watcher may begin by holding it. */
void speaker_init(struct speaker *speaker, const struct pidwatch_options *options);

/* Lets go of standard error unless it keeps it. */
void speaker_release(struct speaker *speaker);

/* Says it in one line, unless that is not wanted.  Where standard error is no longer held the line
 * goes to the victim's, if that is the same still, and is ours to open; else to syslog(3).  Never
 * blocks.
 */
void speaker_tell(struct speaker *speaker, const struct pidwatch_news *news);

#endif
