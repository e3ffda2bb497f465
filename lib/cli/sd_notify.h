/* Telling systemd how a service does. */
#ifndef FARMLOCK_CLI_SD_NOTIFY_H
#define FARMLOCK_CLI_SD_NOTIFY_H

/* Sends a message such as "READY=1" to the socket that NOTIFY_SOCKET names (sd_notify(3)); where it
 * names none there is nobody to tell.  Returns 0, or -1 with errno.
 */
int sd_notify_send(const char *message);

#endif
