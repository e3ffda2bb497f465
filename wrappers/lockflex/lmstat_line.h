/* What one line of lmstat's list says: `lmutil lmstat -a`, of FlexNet's license server. */
#ifndef FARMLOCK_LOCKFLEX_LMSTAT_LINE_H
#define FARMLOCK_LOCKFLEX_LMSTAT_LINE_H

#include "span.h"

/* Names in a license server's list are chosen by whoever asks it for a license: his login, his host
 * and his display, which may have blanks, brackets and anything else in it.  So a line is only
 * taken for what may stand in its part of the list, and a check-out is read from its end.
 */
enum lmstat_part {
    LMSTAT_SERVERS,  /* the head of a section: which of its hosts serve */
    LMSTAT_DAEMONS,  /* whether the vendors' daemons do */
    LMSTAT_FEATURES, /* who uses what */
};

enum lmstat_kind {
    LMSTAT_OTHER,
    LMSTAT_SECTION,     /* a license server's part of the list begins; `name`: what was asked */
    LMSTAT_ERROR,       /* a whole license server was not to be had; `text`: why */
    LMSTAT_HOST_UP,     /* one of the server's hosts serves */
    LMSTAT_HOST_DOWN,   /* it does not; `text`: the line */
    LMSTAT_TO_DAEMONS,  /* the next part begins */
    LMSTAT_DAEMON_UP,   /* */
    LMSTAT_DAEMON_DOWN, /* `text`: the line */
    LMSTAT_TO_FEATURES, /* the next part begins */
    LMSTAT_FEATURE,     /* `name` has `count` licenses in use; check-outs follow */
    LMSTAT_UNCOUNTED,   /* `name` is without a limit; who uses it may follow */
    LMSTAT_FAULT,       /* nothing is known of `name`; `text`: why */
    LMSTAT_CHECKOUT,    /* `name`, a login, on `host` has `count` licenses */
    LMSTAT_RESERVATION, /* `count` licenses are set aside for `name`, whose kind is `text` */
    LMSTAT_QUEUED,      /* `name` on `host` waits for `count` licenses */
};

struct lmstat_line {
    enum lmstat_kind kind;
    struct span name, host, text; /* into the line; the server's text is not harmless */
    uint32_t count;
};

/* Reads a line, without newline, that stands in this part.  Whatever it is, it is something: what
 * has no known form, or speaks of more than SPAN_COUNT_MAX licenses, is LMSTAT_OTHER.
 */
struct lmstat_line lmstat_line_read(struct span line, enum lmstat_part part);

#endif
