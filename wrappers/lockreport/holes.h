/* What is missing in a history.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_HOLES_H
#define FARMLOCK_LOCKREPORT_HOLES_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum hole_why {
    HOLE_AWAY,     /* nobody had it any more when it was to be copied */
    HOLE_NEW_ETCD, /* where it was to be copied from was set up anew */
    HOLE_EARLIER,  /* or put back to an earlier time */
    HOLE_OTHER,    /* a reason of a later version */
};

struct hole {
    int64_t since_ms, until_ms; /* what is missing ended between them */
    uint64_t count;             /* entries at least; 0: nobody knows */
    enum hole_why why;
};

enum { HOLES_MOST = 1000 };

/* All 0 is an empty list. */
struct hole_list {
    struct hole *items;
    size_t count, room;
};

/* Adds what an entry says that is a hole.  Of more than HOLES_MOST the last one stands for all
 * others.  Returns -1 with errno ENOMEM. */
int hole_list_add(struct hole_list *list, const struct store_history *entry);

/* The first one first. */
void hole_list_sort(struct hole_list *list);

void hole_list_fini(struct hole_list *list);

/* The word of a reason in --json. */
const char *hole_why_word(enum hole_why why);

#endif
