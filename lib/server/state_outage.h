/* What is told while the state cannot be written. */
#ifndef FARMLOCK_SERVER_STATE_OUTAGE_H
#define FARMLOCK_SERVER_STATE_OUTAGE_H

#include "server.h"

/* From now on, so much may be done.  The end of the pass hears of it. */
void state_outage_enter(struct ipclocker_server *server, enum state_phase phase);

/* The same of a server whose state another has, for that reason. */
void state_outage_stand_by(struct ipclocker_server *server, const char *reason);

/* To be called about once a second: looks whether the disk still answers, and has it logged once a
 * minute when it does not. */
void state_outage_watch(struct ipclocker_server *server);

/* The disk has answered. */
void state_outage_end_stall(struct ipclocker_server *server);

/* Says why the state cannot be written, to the log and to who asks from now on. */
void state_outage_report(struct ipclocker_server *server, const char *reason);

/* Why a command cannot be done now, until the state changes; NULL when it can.  `changes` where it
 * would change something, or needs the disk. */
static inline const struct refusal *state_outage_refusal(const struct ipclocker_server *server,
                                                         bool changes)
{
    const struct state *state = &server->state;

    if (state->phase == STATE_SERVING || (state->phase == STATE_READ_ONLY && !changes))
        return NULL;
    return &state->refusal;
}

/* Whether a status may be told beside the refusal. */
bool state_outage_knows_table(const struct ipclocker_server *server);

#endif
