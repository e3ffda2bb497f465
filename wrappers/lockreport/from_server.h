/* A report from a running server. */
#ifndef FARMLOCK_LOCKREPORT_FROM_SERVER_H
#define FARMLOCK_LOCKREPORT_FROM_SERVER_H

#include "ipclocker.h"
#include "target.h"

/* Asks a running server, the first of the handle's that answers.  Returns -1 with *error and errno:
 * EINVAL where IPCLOCKER_HOST, IPCLOCKER_PORT or a clients' file is wrong, else as connect(2) and
 * recv(2).
 */
int from_server_read(const struct report_target *target, struct ipclocker *lock,
                     char error[REPORT_ERROR_SIZE]);

#endif
