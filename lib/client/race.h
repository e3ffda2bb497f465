/* Several servers are tried at once, each begun some time behind the one before (RFC 8305): what is
 * being connected to, besides the handle's own connection.
 */
#ifndef FARMLOCK_CLIENT_RACE_H
#define FARMLOCK_CLIENT_RACE_H

#include "client.h"

/* The handle's connection, which is being made, becomes a rival of the next one.  False: there is
 * no memory for that. */
bool client_race_add(struct ipclocker *lock);

/* The rival that was begun first becomes the handle's connection, which has none.  False: there is
 * no rival. */
bool client_race_take(struct ipclocker *lock);

/* Looks at the rivals, notes the failures of those that have failed or had their time, and makes
 * one that has connected the handle's connection; what that was is a rival then.  Returns whether
 * there was one. */
bool client_race_look(struct ipclocker *lock);

/* Whether a host before the current one may answer yet. */
bool client_race_has_earlier(const struct ipclocker *lock);

/* Ends those to hosts behind the current one, which are tried anew. */
void client_race_end_later(struct ipclocker *lock);

/* Ends it, and notes of hosts before the current one that they have not answered yet. */
void client_race_end(struct ipclocker *lock);

/* The same without a note. */
void client_race_close(struct ipclocker *lock);

/* The caller's time is over: notes that of all. */
void client_race_time_out(struct ipclocker *lock);

/* When the first of the rivals has had its time; CLIENT_NEVER without any. */
int64_t client_race_due_ms(const struct ipclocker *lock);

/* Makes ready what client_race_fd() returns: one descriptor that is readable when something is to
 * be done about any of the servers that are tried; -1 where it is the handle's own that has to be
 * waited for. */
void client_race_arm(struct ipclocker *lock);
int client_race_fd(const struct ipclocker *lock);

/* Whether rivals have to be looked at without being waited for, as no descriptor was to be had. */
bool client_race_is_blind(const struct ipclocker *lock);

#endif
