/* who: tells who holds the seats of a pool, or everything, and who waits.
 * Must stay a page: it shows ipclocker_list_read(3).
 *
 *   who vcs
 */
#include <inttypes.h>
#include <ipclocker.h>
#include <stdio.h>
#include <string.h>

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static int is_wanted(const struct ipclocker_list_lock *seat, const char *pool)
{
    return pool == NULL || (seat->pool != NULL && strcmp(seat->pool, pool) == 0);
}

static void print(const struct ipclocker_list *list, const char *pool)
{
    for (size_t i = 0; i < ipclocker_list_lock_count(list); i++) {
        const struct ipclocker_list_lock *seat = ipclocker_list_lock(list, i);

        if (is_wanted(seat, pool))
            printf("%s: %s on %s, job %s, for %" PRId64 " s\n", seat->name, or_dash(seat->by.user),
                   or_dash(seat->by.host), or_dash(seat->by.job), seat->held_ms / 1000);
    }
    for (size_t i = 0; i < ipclocker_list_waiter_count(list); i++) {
        const struct ipclocker_list_waiter *waiter = ipclocker_list_waiter(list, i);

        if (waiter->group_count > 0)
            printf("place %" PRIu64 ": %s waits for %" PRIu64 " of %s\n", waiter->position,
                   or_dash(waiter->by.user), waiter->groups[0].count, waiter->groups[0].names[0]);
    }
}

int main(int argc, char **argv)
{
    struct ipclocker *lock = ipclocker_create();
    struct ipclocker_list *list = lock != NULL ? ipclocker_list_read(lock) : NULL;

    if (list == NULL)
        fprintf(stderr, "who: %s\n", lock != NULL ? ipclocker_error(lock) : "out of memory");
    else
        print(list, argc > 1 ? argv[1] : NULL);
    ipclocker_destroy(lock);
    ipclocker_list_free(list);
    return list != NULL ? 0 : 1;
}
