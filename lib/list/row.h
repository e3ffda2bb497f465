/* One entry of a JSON list as a struct. */
#ifndef FARMLOCK_LIST_ROW_H
#define FARMLOCK_LIST_ROW_H

#include "ipclocker.h"
#include "strings.h"

struct json_object;

/* Each reads an entry of the array that it is named after, or the member "server" and "time" of the
 * document, into *row; what comes back in it has its memory from `strings`.  What is not there, or
 * of another type, is not known; a name or an owner is "" then.  Returns 0; or -1 with errno
 * EPROTO: it is no object; ENOMEM.
 */
int row_read_lock(struct json_object *entry, struct strings *strings,
                  struct ipclocker_list_lock *row);
int row_read_waiter(struct json_object *entry, struct strings *strings,
                    struct ipclocker_list_waiter *row);
int row_read_pool(struct json_object *entry, struct strings *strings,
                  struct ipclocker_list_pool *row);
int row_read_offline(struct json_object *entry, struct strings *strings,
                     struct ipclocker_list_offline *row);
int row_read_server(struct json_object *server, struct strings *strings,
                    struct ipclocker_list_head *head);
void row_read_time(struct json_object *time, struct ipclocker_list_head *head);

#endif
