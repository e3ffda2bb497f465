/* Threads of a library, of which the program that uses it need not know. */
#ifndef FARMLOCK_BASE_THREAD_H
#define FARMLOCK_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Starts a thread that takes no signals: these are for the program's own threads.  It has
 * `stack_bytes` of stack, or as much as is usual where that is 0.  *thread is for pthread_join(3);
 * where `thread` is NULL nobody waits for it.  Returns 0, or an error number: EAGAIN where no more
 * threads can be had, ENOMEM, or EINVAL for a stack that is too small. */
int thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *context), void *context);

/* A condition whose pthread_cond_timedwait(3) goes by the monotonic clock, and a time for that: so
 * much later. */
void thread_cond_init(pthread_cond_t *cond);
struct timespec thread_after_us(int64_t us);

#endif
