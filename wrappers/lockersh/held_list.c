/* Prints which locks are held, and by whom, and who waits.
 * Must not ask for a lock. */
#include "held_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "list_failure.h"
#include "list_screen.h"
#include "list_watch.h"
#include "picked_json.h"

static void print_row(const char *name, const char *owner)
{
    char *clean_name = text_clean_dup(name), *clean_owner = text_clean_dup(owner);

    if (clean_name != NULL && clean_owner != NULL)
        printf("%-20s %s\n", clean_name, clean_owner);
    free(clean_name);
    free(clean_owner);
}

/* The two columns that the classic lockersh prints, and scripts read. */
static int print_classic(struct ipclocker *lock)
{
    size_t count = 0;
    struct ipclocker_list_entry *rows = ipclocker_lock_list(lock, &count);

    if (rows == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        print_row(rows[i].name, rows[i].owner);
    free(rows);
    return 0;
}

/* The plain list of the protocol says nothing of jobs. */
static void print_classic_of(const struct ipclocker_list *list, const struct list_filter *filter)
{
    for (size_t i = 0; i < ipclocker_list_lock_count(list); i++) {
        const struct ipclocker_list_lock *held = ipclocker_list_lock(list, i);

        if (filter_has_lock(filter, held))
            print_row(held->name, held->by.owner);
    }
}

static int print_json(struct ipclocker *lock, const struct list_filter *filter)
{
    char *text = ipclocker_lock_list_json(lock);
    int result = 0;

    if (text == NULL)
        return -1;
    if (filter_is_empty(filter))
        puts(text);
    else
        result = picked_json_print(text, filter, stdout);
    free(text);
    return result == 0 ? 0 : list_failure(errno, filter);
}

static int print_list(struct ipclocker *lock, const struct list_view *view, bool as_table)
{
    struct ipclocker_list *list = ipclocker_list_read(lock);
    struct table_screen screen;
    int status = 0;

    if (list == NULL)
        return -1;
    list_screen_find(&screen);
    screen.lines = 0;
    if (!filter_can_pick(&view->filter, ipclocker_list_head(list)))
        status = list_failure(ENOTSUP, &view->filter);
    else if (!as_table)
        print_classic_of(list, &view->filter);
    else if (view_print(stdout, list, view, &screen) != 0)
        status = list_failure(errno, &view->filter);
    ipclocker_list_free(list);
    return status;
}

int held_list_print(const struct lockersh_options *options, struct ipclocker *lock)
{
    const struct list_options *list = &options->list;
    bool as_table = list->has_view || isatty(STDOUT_FILENO) == 1;

    if (options->json)
        return print_json(lock, &list->view.filter);
    if (list->watch_ms > 0)
        return list_watch(list, lock);
    if (as_table || !filter_is_empty(&list->view.filter))
        return print_list(lock, &list->view, as_table);
    return print_classic(lock);
}
