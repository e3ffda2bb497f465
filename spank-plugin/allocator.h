/* The salloc that has made the allocation which an srun is in, and the command that it runs there:
 * while one of them lives, somebody may still want the allocation. */
#ifndef FARMLOCK_SPANK_ALLOCATOR_H
#define FARMLOCK_SPANK_ALLOCATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* From salloc to the sruns below it: its pid and start time. */
#define ALLOCATOR_SALLOC_VARIABLE "SLURM_PIDWATCH_SALLOC"
/* From srun to the nodes. */
#define ALLOCATOR_VARIABLE "SLURM_PIDWATCH_ALLOCATOR"

enum { ALLOCATOR_SIZE = 96 };

/* All zero where there is none. */
struct allocator {
    struct allocator_process {
        pid_t pid;
        uint64_t start; /* process_start_time() */
    } salloc, command;  /* a shell, mostly; or srun itself */
};

/* In salloc: names this process to the sruns that its command will start. */
void allocator_announce(void);

/* In srun: finds the salloc that has been announced among this process's ancestors.  Returns false
 * where there is none, or where the job that this process is in is not that salloc's.
 */
bool allocator_find(struct allocator *allocator);

/* "1:PID:START:PID:START", 1 being the version of the format. */
void allocator_format(char out[ALLOCATOR_SIZE], const struct allocator *allocator);

/* Parses what may have come from anybody.  Returns 0, or -1 with errno EINVAL. */
int allocator_parse(struct allocator *allocator, const char *text);

#endif
