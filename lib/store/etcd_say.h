/* What an engine in etcd has to say: lines for the log, and that there is news. */
#ifndef FARMLOCK_STORE_ETCD_SAY_H
#define FARMLOCK_STORE_ETCD_SAY_H

#include "etcd_engine.h"

/* Says how it stands, once for each time that it is new; trouble not more often than once a minute.
 * All but the last are called with the mutex. */
void etcd_say(struct etcd_engine *self, bool is_trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says something that has nothing to do with how it stands. */
void etcd_say_beside(struct etcd_engine *self, bool is_trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes what was said, what stands beside first.  False for nothing. */
bool etcd_say_take(struct etcd_engine *self, struct store_line *line);

/* Wakes store_fd(). */
void etcd_say_news(const struct etcd_engine *self);

#endif
