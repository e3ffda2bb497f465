/* Lines of the history. */
#ifndef FARMLOCK_SERVER_HISTORY_TEXT_H
#define FARMLOCK_SERVER_HISTORY_TEXT_H

#include "base/buffer.h"
#include "lock/table.h"
#include "store/store.h"

/* Whether a view shows whose something is. */
bool history_text_shows(const struct store_view *view, const struct lock_asker *whose);

/* Adds the line of an entry, and with `tells_who` that of who it was, and who took it away; whose
 * it was only where the view shows that. */
void history_text_add(struct buffer *out, const struct store_history *entry,
                      const struct store_view *view, bool tells_who);

/* The same of a lock that is held still. */
void history_text_add_held(struct buffer *out, const struct lock_seat *seat,
                           const struct store_view *view, bool tells_who);

#endif
