/* SIGTERM and SIGINT for a program that works in rounds: they end it where it waits, not between.
 */
#ifndef FARMLOCK_SCHEDULER_STOP_H
#define FARMLOCK_SCHEDULER_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blocks both signals but inside stop_poll(). */
void stop_init(void);

/* Back to what it was; for a child. */
void stop_reset(void);

/* Whether one has come. */
bool stop_wanted(void);

/* Forgets the one that has come: what is done now is the end that it asked for.  Another one counts
 * again.
 */
void stop_accept(void);

/* Waits until `fd` can be read or has been closed, for at most `timeout_ms`; an fd of -1 is none.
 * Returns 1 when it can, 0 after the time or before it at another signal, -1 when the program is to
 * end.
 */
int stop_poll(int fd, int64_t timeout_ms);

/* The same for several, as poll(2) has them: 1 when any can be read. */
struct pollfd;
int stop_poll_all(struct pollfd *fds, size_t count, int64_t timeout_ms);

#endif
