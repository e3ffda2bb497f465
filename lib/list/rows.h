/* A JSON list as the structs of ipclocker_list.h, which has the functions that tell what is in it.
 */
#ifndef FARMLOCK_LIST_ROWS_H
#define FARMLOCK_LIST_ROWS_H

#include "entries.h"
#include "ipclocker.h"

enum { LIST_ROWS_MAX = 2000000 }; /* of each kind */

/* Makes a list from a document of share/schema/locklist.schema.json, which a stranger has written.
 * Returns NULL with errno as ipclocker_list_read().  The caller frees it with
 * ipclocker_list_free().
 */
struct ipclocker_list *list_rows_create(const char *document);

/* The same entry by entry: an empty list, or NULL with errno ENOMEM; one more entry in it, with
 * what list_entry_fn returns, the list being its context; and all of it taken out again, so that
 * one that was picked from is no longer than an entry.
 */
struct ipclocker_list *list_rows_create_empty(void);
int list_rows_take(void *list, const struct list_entry *entry);
void list_rows_clear(struct ipclocker_list *list);

#endif
