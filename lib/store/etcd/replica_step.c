/* Drives a replica by calls that block.
 * Must not decide anything. */
#include "replica_step.h"

#include "base/clock.h"

int64_t etcd_replica_now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

enum etcd_event etcd_replica_step(struct etcd_replica *self, struct etcd_caller *caller,
                                  struct buffer *response)
{
    struct etcd_error error = {0};
    struct etcd_question question;
    enum etcd_outcome outcome;

    if (!etcd_replica_ask(self, etcd_replica_now_ms(), &question))
        return ETCD_EVENT_IDLE;
    outcome = caller->call(caller, question.method, question.request, question.timeout_ms, response,
                           &error);
    return etcd_replica_hear(self, etcd_replica_now_ms(), outcome, response, &error);
}
