/* Where lists of what is in use come from.
 * Must not take half a list for all of it. */
#include "source.h"

#include <errno.h>

#include "listing.h"

static int take(void *context, const char *line, size_t len, bool is_cut)
{
    return reading_take(context, line, len, is_cut);
}

/* lmstat's status says no more than its list, where it has written one. */
static void judge(struct reading *reading, int status, const char *said)
{
    if (status == 0 || (reading->form == READING_LMSTAT && reading->heard))
        return;
    if (said[0] != '\0')
        reading_blame(reading, "%s", said);
    else
        reading_blame(reading, "it has ended with status %d", status);
}

static int read_lines(const struct source *source, const char *lmutil, int64_t deadline_ms,
                      struct reading *reading)
{
    const char *const lmstat[] = {lmutil, "lmstat", "-a", "-c", source->text, NULL};
    const char *const shell[] = {"/bin/sh", "-c", source->text, NULL};
    struct lines lines = {.take = take, .context = reading};
    char error[LISTING_ERROR_SIZE];
    int status = 0, result;

    if (source->kind == SOURCE_FILE)
        result = listing_read(source->text, deadline_ms, &lines, error);
    else
        result = listing_run(source->kind == SOURCE_SERVER ? lmstat : shell, deadline_ms, &lines,
                             &status, error);
    if (result != 0 && errno != ENOMEM && errno != EINTR)
        reading_blame(reading, "%s", error);
    else if (result != 0)
        return -1;
    judge(reading, status, error);
    return 0;
}

int source_read(const struct source *source, const char *lmutil, int64_t deadline_ms,
                const struct reading_terms *terms, struct reading *reading)
{
    int number;

    if (reading_init(reading, source->kind == SOURCE_COMMAND ? READING_PLAIN : READING_LMSTAT,
                     terms) != 0)
        return -1;
    if (read_lines(source, lmutil, deadline_ms, reading) == 0) {
        reading_end(reading);
        return 0;
    }
    number = errno;
    reading_fini(reading);
    errno = number;
    return -1;
}
