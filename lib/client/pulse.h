/* Whether the server at which we wait or hold still answers: what is silent for long is asked,
 * where another one could be gone on with.
 */
#ifndef FARMLOCK_CLIENT_PULSE_H
#define FARMLOCK_CLIENT_PULSE_H

#include "client.h"

/* How long nothing may be heard before it is asked; and how long the answer may take. */
enum { PULSE_SILENCE_MS = 5000, PULSE_ANSWER_MS = 5000 };

/* Something was granted, or came from the server where we hold. */
void client_pulse_felt(struct ipclocker *lock);

/* Asks where it is time to.  Returns false where the answer is overdue. */
bool client_pulse_take(struct ipclocker *lock);

/* Whether an answer that has come to an operation is the one to that question, which is felt then:
 * it was asked before the operation began. */
bool client_pulse_is_answer(struct ipclocker *lock, const struct answer *answer);

/* When that is to be called; CLIENT_NEVER for not at all. */
int64_t client_pulse_due_ms(const struct ipclocker *lock);

#endif
