/* What a client says to the server, put into connection.out.  Where memory runs out, sending fails.
 */
#ifndef FARMLOCK_CLIENT_REQUEST_H
#define FARMLOCK_CLIENT_REQUEST_H

#include "client.h"

/* Write a line: "WORD NUMBER", or one or several commands as they are. */
void client_request_number(struct ipclocker *lock, const char *word, uint64_t value);
void client_request_command(struct ipclocker *lock, const char *command);

/* Writes the settings for the demand as a whole, and for all its names in one list. */
void client_request_demand(struct ipclocker *lock, bool block);
void client_request_names(struct ipclocker *lock);

/* Writes which process the owner is: who gives back what it has must know that. */
void client_request_process(struct ipclocker *lock);

/* Writes the settings that name exactly what is held. */
void client_request_held(struct ipclocker *lock);

/* Whether the demand is one that a classic server understands. */
bool client_request_is_plain(const struct ipclocker *lock);

/* Writes the demand for a person: "2 of vcs1:vcs2 and lic1"; cut with "..." where it is long, and
 * harmless for a terminal.
 */
void client_request_describe(const struct ipclocker *lock, char *out, size_t out_size);

#endif
