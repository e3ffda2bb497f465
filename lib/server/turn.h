/* Turns: how long a client is listened to before the others, and who comes last.
 *
 * In a turn a client's lines are handled until they have cost a little, by the tariff of its
 * account. What is left of them waits for the next pass, and so does a client that is among too
 * many of one address.  One whose account is spent has its turn behind all others, as far as a pass
 * has room for it, and none while much waits for the disk; so it is served as fast as there is
 * nobody else.  What is left of a command has none while the disk hangs.
 */
#ifndef FARMLOCK_SERVER_TURN_H
#define FARMLOCK_SERVER_TURN_H

#include "state_note.h"

/* To be called when server->base is there, and before that ends. */
void turn_start(struct ipclocker_server *server);
void turn_stop(struct ipclocker_server *server);

enum {
    TURN_COST_US = 5000,
    TURN_PASS_COST_US = 10000, /* of one address, and of all that have waited, in a pass */
    TURN_BATCH_BYTES_MOST = 32 * 1024 * 1024,
    TURN_CHANGE_COST_US = 20,                    /* beyond its line's, see account.h */
    TURN_LOOKS_A_US = 2,                         /* at requests of a job or process */
    TURN_LOOKS = TURN_COST_US * TURN_LOOKS_A_US, /* that a whole turn has room for */
};

/* Whether a connection may be read from at once. */
static inline bool turn_is_due(const struct conn *conn)
{
    const struct account *account = conn->account;
    bool has_had_its_part =
        account->pass == conn->server->pass && account->pass_cost_us >= TURN_PASS_COST_US;

    return !account_is_spent(account) && !has_had_its_part;
}

/* Whether it has had enough of this turn. */
static inline bool turn_is_over(const struct conn *conn)
{
    return conn->turn_cost_us >= TURN_COST_US;
}

/* How much of it is left. */
static inline uint32_t turn_left_us(const struct conn *conn)
{
    return turn_is_over(conn) ? 0 : TURN_COST_US - conn->turn_cost_us;
}

/* Charges for what has been done since the turn had cost `before_us`. */
void turn_charge(struct conn *conn, uint32_t before_us);

/* Has it wait for a turn, if it does not yet; and no more. */
void turn_wait(struct conn *conn);
void turn_forget(struct conn *conn);

/* Whether more than `most` bytes wait for the disk.  Where nothing is written everybody is refused,
 * and there is no need to wait for that. */
static inline bool turn_has_backlog(const struct ipclocker_server *server, size_t most)
{
    return server->state.phase == STATE_SERVING && state_note_backlog(server) > most;
}

/* Whether so much waits for the disk that nothing more may be changed. */
static inline bool turn_is_held_up(const struct ipclocker_server *server)
{
    return turn_has_backlog(server, TURN_BATCH_BYTES_MOST);
}

/* Whether what it has begun to change has to wait until the disk answers: it is not refused, as
 * some of it has happened. */
static inline bool turn_is_stalled(const struct conn *conn)
{
    return conn->unfinished != NULL && conn->server->state.phase == STATE_STALLED;
}

/* Gives turns, at the end of a pass. */
void turn_give_some(struct ipclocker_server *server);

/* Has another pass come for who waits for a turn by now.  To be called last in a pass. */
void turn_end_pass(struct ipclocker_server *server);

#endif
