/* Clients' files that a program has read for itself before a handle needs them. */
#ifndef FARMLOCK_CLIENT_LENT_DEFAULTS_H
#define FARMLOCK_CLIENT_LENT_DEFAULTS_H

/* ipclocker.h */
struct ipclocker;
/* defaults/defaults.h */
struct defaults;

/* Has a handle take what it needs of clients' files from those, rather than read them once more.
 * They stay the caller's, and must live as long as the handle.  To be called of a new handle, or it
 * goes on with what it has read. */
void client_lend_defaults(struct ipclocker *lock, const struct defaults *defaults);

#endif
