/* Calls of libslurm in a child process.
 * Must not call libslurm in this process: it may exit. */
#include "call.h"

#include <stdlib.h>

#include "compat.h"

struct call {
    int (*function)(void *context);
    void *context;
};

static int run(void *context)
{
    const struct call *call = context;

    /* All tasks of an array's list, however many. */
    setenv("SLURM_BITSTR_LEN", "0", 1);
    slurm_init(NULL);
    return call->function(call->context);
}

int slurm_call(int (*function)(void *context), void *context, int64_t deadline_ms,
               char error[CHILD_ERROR_SIZE])
{
    struct call call = {.function = function, .context = context};

    return child_call(run, &call, deadline_ms, error);
}
