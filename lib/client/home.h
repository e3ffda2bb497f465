/* Where we are at home: the server that has granted what is held, or has us in its queue, and those
 * that share its state, which say the same id.  No other knows anything of us.
 */
#ifndef FARMLOCK_CLIENT_HOME_H
#define FARMLOCK_CLIENT_HOME_H

#include "client.h"

/* An operation begins: whether only home can do it. */
void client_home_begin(struct ipclocker *lock, bool at_home);

/* The server that is talked to has us in its queue or has granted: that is home from now on. */
void client_home_settle(struct ipclocker *lock);

/* Whether only one host of the list may be asked; and whether others may, once they have shown
 * that they share the state of that one.  Neither: any may.
 */
bool client_home_is_one(const struct ipclocker *lock);
bool client_home_is_cluster(const struct ipclocker *lock);

/* Whether what is waited for or held could be had at another server than the one talked to. */
bool client_home_has_others(const struct ipclocker *lock);

/* The server has told all of itself.  Where another one of the list has done so as well, and the
 * two do not share a state, that is told once.
 */
void client_home_learn(struct ipclocker *lock);

/* Behind the handshake: NULL where the server is one that may be asked, else why it is not, which
 * is told once.
 */
const char *client_home_objection(struct ipclocker *lock);

#endif
