/* What fails, as a service tells it: when it begins and when it is over, not with each look. */
#ifndef FARMLOCK_SCHEDULER_OUTAGE_H
#define FARMLOCK_SCHEDULER_OUTAGE_H

enum { OUTAGE_SIZE = 1024 };

struct outage {
    const char *program;
    char told[OUTAGE_SIZE]; /* "" while all is well */
};

/* Tells standard error of a failure that was not the last one told, or, with NULL, that all is well
 * again if it was not.
 */
void outage_tell(struct outage *trouble, const char *error);

#endif
