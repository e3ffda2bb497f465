/* Where srun can be reached, and which process it is, as one variable of the environment carries
 * it from srun to the nodes. */
#ifndef FARMLOCK_SPANK_CONTACT_H
#define FARMLOCK_SPANK_CONTACT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Names that begin with SLURM_ pass --export=NONE.  The first is for the plugin on the nodes; the
 * second stays with the tasks and whatever they start, and shows which step they are of.
 */
#define CONTACT_VARIABLE "SLURM_PIDWATCH_SRUN"
#define CONTACT_MARK "SLURM_PIDWATCH_STEP"

enum { CONTACT_SIZE = 128 };

struct contact {
    uint16_t port; /* where srun listens, see peer_watch.h */
    pid_t pid;
    uint64_t start;       /* process_start_time() */
    char boot[37];        /* process_boot_id(); "-" where not known */
    bool owns_allocation; /* it was made for this step alone, and ends with it */
};

void contact_format(char out[CONTACT_SIZE], const struct contact *contact);

/* Parses what may have come from anybody.  Returns 0, or -1 with errno EINVAL. */
int contact_parse(struct contact *contact, const char *text);

#endif
