/* How processes are ended: a signal that they may act on, some grace, then SIGKILL. */
#ifndef FARMLOCK_PROCESS_TERMINATE_H
#define FARMLOCK_PROCESS_TERMINATE_H

#include <stdbool.h>
#include <stdint.h>

/* What is ended: a process, a group, the processes of a job step. */
struct terminate_target {
    void (*signal)(void *context);  /* sends the signal */
    bool (*is_done)(void *context); /* is nobody left? */
    void (*kill)(void *context);    /* sends SIGKILL */
    void *context;
    int64_t pause_ms; /* between two looks */
    /* New processes may come meanwhile: signal after each look, with growing pauses, and kill
     * until none is left. */
    bool again;
};

/* Signals the target, and kills what is left of it after `grace_ms`; below 0: never.  Blocks until
 * it is done or was killed.
 */
void terminate_run(const struct terminate_target *target, int64_t grace_ms);

/* True for signals that ask a process to end.  One that is stopped needs SIGCONT to notice. */
bool terminate_is_request(int number);

#endif
