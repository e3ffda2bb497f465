/* Picks entries out of a server's JSON list.
 * Must not change what it keeps: members that are not known here go through as they came. */
#include "picked_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "list/rows.h"

struct picking {
    const struct list_filter *filter;
    struct ipclocker_list *list; /* the entry that is looked at */
    FILE *out;
    const char *array;       /* the key in the document, of the array that is open; NULL: none */
    size_t members, entries; /* so many are written, of the array that is open */
    bool has_locks, has_waiters;
};

static bool is_array(const struct list_entry *entry)
{
    return entry->value == NULL && entry->text[0] == '[';
}

static void close_array(struct picking *picking)
{
    if (picking->array != NULL)
        fputc(']', picking->out);
    picking->array = NULL;
}

static void begin_member(struct picking *picking, const struct list_entry *entry)
{
    close_array(picking);
    fputs(picking->members++ == 0 ? "{" : ",\n", picking->out);
    fwrite(entry->key_text, 1, entry->key_len, picking->out);
    fputc(':', picking->out);
    if (is_array(entry))
        picking->array = entry->key_text;
    picking->entries = 0;
}

/* Whether the entry that was read is let through; what is no lock and no waiter is neither
 * anybody's. */
static bool has_entry(const struct picking *picking, const struct list_entry *entry)
{
    const struct ipclocker_list *list = picking->list;

    if (entry->key_text != picking->array)
        return true;
    if (strcmp(entry->key, "locks") == 0)
        return ipclocker_list_lock_count(list) > 0 &&
               filter_has_lock(picking->filter, ipclocker_list_lock(list, 0));
    return strcmp(entry->key, "waiters") != 0 ||
           (ipclocker_list_waiter_count(list) > 0 &&
            filter_has_waiter(picking->filter, ipclocker_list_waiter(list, 0)));
}

static int take_entry(void *context, const struct list_entry *entry)
{
    struct picking *picking = context;
    int result = list_rows_take(picking->list, entry);

    picking->has_locks |= strcmp(entry->key, "locks") == 0 && is_array(entry);
    picking->has_waiters |= strcmp(entry->key, "waiters") == 0 && is_array(entry);
    if (result == 0 && has_entry(picking, entry)) {
        if (entry->key_text != picking->array)
            begin_member(picking, entry);
        else
            fputs(picking->entries++ > 0 ? ",\n" : "\n", picking->out);
        fwrite(entry->text, 1, entry->len, picking->out);
    }
    list_rows_clear(picking->list);
    return result;
}

static int pick(struct picking *picking, const char *document)
{
    if (list_entries_read(document, take_entry, picking) != 0)
        return -1;
    close_array(picking);
    fputs("}\n", picking->out);
    errno = EPROTO;
    if (!picking->has_locks || !picking->has_waiters)
        return -1;
    errno = ENOTSUP;
    return filter_can_pick(picking->filter, ipclocker_list_head(picking->list)) ? 0 : -1;
}

int picked_json_print(const char *document, const struct list_filter *filter, FILE *out)
{
    struct picking picking = {.filter = filter, .list = list_rows_create_empty()};
    char *text = NULL;
    size_t len = 0;
    int result = -1;

    if (picking.list == NULL)
        return -1;
    picking.out = open_memstream(&text, &len);
    if (picking.out != NULL) {
        int number;

        result = pick(&picking, document);
        number = errno;
        if (fclose(picking.out) != 0)
            result = -1, number = ENOMEM;
        if (result == 0)
            fwrite(text, 1, len, out);
        errno = number;
    }
    ipclocker_list_free(picking.list);
    free(text);
    return result;
}
