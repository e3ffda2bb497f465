/* Which processes have started ours, and what of grants has been handed down to it.
 * Must not be slow where nobody waits: it is asked only by who stands in a queue. */
#include "inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "error.h"
#include "process/proc_stat.h"
#include "request.h"

enum { PROCESSES_MOST = 32, WORDS_MOST = 3 * 16, TEXT_MOST = 512 };

bool client_inside_is_due(const struct ipclocker *lock)
{
    return lock->set.inside && !lock->wait.told_inside && lock->connection.dialect == DIALECT_2;
}

static void add_processes(struct buffer *out, pid_t pid)
{
    for (int i = 0; i < PROCESSES_MOST && pid > 0; i++) {
        const struct proc_stat stat = proc_stat_read(pid);

        if (stat.state == 0)
            return;
        buffer_add_text(out, " process ");
        buffer_add_number(out, (uint64_t)pid);
        buffer_add(out, " ", 1);
        buffer_add_number(out, stat.start);
        pid = stat.parent;
    }
}

/* "TOKEN LOCK OWNER" of each, see ipclocker.h. */
static void add_grants(struct buffer *out, const char *grants)
{
    const char *word = grants;

    for (int i = 0; i < WORDS_MOST; i++) {
        size_t len;

        word += strspn(word, " ");
        len = strcspn(word, " ");
        if (len == 0)
            return;
        buffer_add_text(out, i % 3 == 0 ? " grant " : " ");
        buffer_add(out, word, len);
        word += len;
    }
}

/* Nothing in the environment may become a line of its own. */
static bool is_one_line(const char *text)
{
    while (*text != '\0' && (unsigned char)*text >= ' ')
        text++;
    return *text == '\0';
}

void client_inside_tell(struct ipclocker *lock)
{
    struct buffer *out = &lock->connection.out;
    const char *grants = getenv(IPCLOCKER_GRANTS);

    lock->wait.told_inside = true;
    buffer_add_text(out, "INSIDE");
    add_processes(out, lock->set.pid);
    if (grants != NULL && is_one_line(grants))
        add_grants(out, grants);
    buffer_add(out, "\n", 1);
}

static void say_step(char *out, size_t size, size_t step, const char *name, const char *owner)
{
    size_t len = strlen(out);

    snprintf(out + len, size - len, step == 0 ? "%s is %s's" : ", who waits for %s, which is %s's",
             name, owner);
}

static void copy_clean(char *out, size_t size, const char *text)
{
    text_clean(out, size, text, strlen(text));
}

void client_inside_take(struct ipclocker *lock, const char *circle)
{
    static const char end[] = ": a circle, until one of them gives up";
    struct ipclocker_wait *wait = &lock->wait.known;
    char words[2 * TEXT_MOST], text[TEXT_MOST] = "", *rest = words;
    size_t steps = 0, len;

    snprintf(words, sizeof words, "%s", circle);
    while (rest != NULL) {
        const char *name = strsep(&rest, " "), *owner = strsep(&rest, " ");

        if (owner == NULL)
            break;
        if (steps == 0) {
            copy_clean(wait->lock, sizeof wait->lock, name);
            copy_clean(wait->holder, sizeof wait->holder, owner);
        }
        say_step(text, sizeof text - sizeof end, steps++, name, owner);
    }
    if (steps == 0)
        return;
    len = strlen(text);
    snprintf(text + len, sizeof text - len, "%s", end);
    copy_clean(wait->reason, sizeof wait->reason, text);
}

int client_inside_refuse(struct ipclocker *lock, const char *demand)
{
    return client_error_set(lock, EDEADLK,
                            "%s is asked for inside itself: %s has %s, and waits for what asks "
                            "for it now; ask for all at once, or for what the outer one has not",
                            demand, lock->wait.known.holder, lock->wait.known.lock);
}
