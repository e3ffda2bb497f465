/* How processes are ended: a signal that they may act on, some grace, then SIGKILL. */
#ifndef FARMLOCK_PROCESS_TERMINATE_H
#define FARMLOCK_PROCESS_TERMINATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
    int64_t patience_ms;   /* without a grace, look that long for what became of the signal */
    int64_t after_kill_ms; /* kill again and look that long; 0 is for ever with `again`, and not at
                              all without */
};

/* Signals the target, and kills what is left of it after `grace_ms`; below 0: never.  Blocks until
 * it is done or was killed, or the target's times are over.  Returns whether it is known to be
 * done.
 */
bool terminate_run(const struct terminate_target *target, int64_t grace_ms);

/* True for signals that a stopped process may wait with for ever: it needs SIGCONT to notice. */
bool terminate_needs_continue(int number);

/* Which signal is next for a process that was sent `number` so long ago: one that cannot hear it,
 * as it ignores or blocks it, gets SIGTERM, and at last SIGKILL.  0 where it can, or still may;
 * signals that do not ask to end have no next. */
int terminate_next_signal(pid_t pid, int number, int64_t since_ms);

#endif
