/* What went wrong, in words. */
#ifndef FARMLOCK_CLIENT_ERROR_H
#define FARMLOCK_CLIENT_ERROR_H

#include "client.h"

/* Sets the handle's error text, cut where it is long, and errno to `number`.  Returns -1. */
int client_error_set(struct ipclocker *lock, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls the caller's callback with one line, where one is set and the handle is verbose.  What a
 * stranger sent must have been cleaned before.
 */
void client_error_notice(struct ipclocker *lock, enum ipclocker_notice notice, const char *format,
                         ...) __attribute__((format(printf, 3, 4)));

#endif
