/* Options of lockersh that are about what --locklist shows, as functions of its table of options.
 */
#ifndef FARMLOCK_LOCKERSH_LIST_OPTIONS_H
#define FARMLOCK_LOCKERSH_LIST_OPTIONS_H

#include "locktable/view.h"

struct lockersh_options;

struct list_options {
    struct list_view view; /* without format and order, until list_options_settle() */
    const char *sort;      /* as it was given */
    bool has_view;         /* more than the two columns that the classic list has is wanted */
    int64_t watch_ms;      /* 0: once */
};

/* Each takes the argument of the option of its name.  Returns 0, or the status to exit with after
 * saying what is wrong. */
int list_options_take_job(void *context, const char *id);
int list_options_take_user(void *context, const char *users);
int list_options_take_on_host(void *context, const char *hosts);

/* What the words behind --locklist and its options come to, when all have been read, and what does
 * not go together.  Returns as lockersh_options_parse(). */
int list_options_settle(struct lockersh_options *options);

void list_options_fini(struct list_options *options);

#endif
