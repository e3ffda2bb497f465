/* What is in use of some features, read line by line from what a license server is said to give. */
#ifndef FARMLOCK_LOCKFLEX_READING_H
#define FARMLOCK_LOCKFLEX_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name_list.h"
#include "lmstat_line.h"
#include "use.h"

enum reading_form {
    READING_LMSTAT, /* as `lmutil lmstat -a` writes it */
    READING_PLAIN,  /* a line for each check-out: FEATURE USER HOST COUNT */
};

enum { READING_WHY_SIZE = 300 };

/* What to read, and how. */
struct reading_terms {
    const struct name_list *features; /* of interest */
    const struct name_list *ours;     /* for whom reservations are the farm's own */
    bool by_machine;                  /* else all is on one machine, "" */
};

struct reading {
    enum reading_form form;
    const struct reading_terms *terms;
    struct use *uses;           /* for each of the features */
    bool is_whole;              /* all that was to be told was told: set by reading_end() */
    char why[READING_WHY_SIZE]; /* else what is amiss, harmless; "" while nothing is */

    enum lmstat_part part;
    struct use *at; /* whose check-outs come next; NULL: of no interest */
    bool in_section, has_host, heard;
    char host[READING_WHY_SIZE];   /* what was said of a host that is down; "" of none */
    char daemon[READING_WHY_SIZE]; /* the same of a vendor's daemon */
    size_t line_number;
};

/* The terms are not copied.  Returns 0, for the caller to end with reading_fini(); or -1 with errno
 * ENOMEM. */
int reading_init(struct reading *reading, enum reading_form form,
                 const struct reading_terms *terms);

/* Takes the next line, without newline; of one that `is_cut`, its beginning.  Returns 0, or -1 with
 * errno ENOMEM.
 */
int reading_take(struct reading *reading, const char *line, size_t len, bool is_cut);

/* To be called behind the last line.  What the list was silent about, though the server or daemon
 * that would have told of it is down, is USE_FAULTY then.
 */
void reading_end(struct reading *reading);

/* Notes that the list is not whole, if nothing was amiss before. */
void reading_blame(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void reading_fini(struct reading *reading);

#endif
