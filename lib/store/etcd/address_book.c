/* Looks up the names of etcd's members, within a deadline.
 * Must not call getaddrinfo(3) here, which has none. */
#include "address_book.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "fault.h"

struct entry {
    struct resolver_result known; /* the last good answer; count is 0 before it */
    int error;                    /* of the last answer, EAI_* */
    bool is_asked;                /* an answer is still to come, perhaps of an earlier call */
};

struct address_book {
    struct resolver *resolver; /* NULL before the first name */
    struct entry entries[ENDPOINTS_MAX];
};

struct address_book *address_book_create(void)
{
    return calloc(1, sizeof(struct address_book));
}

void address_book_destroy(struct address_book *book)
{
    if (book == NULL)
        return;
    resolver_destroy(book->resolver);
    free(book);
}

static void take_answers(struct address_book *book)
{
    struct resolver_result result;

    while (resolver_next(book->resolver, &result)) {
        struct entry *entry = result.context;

        entry->is_asked = false;
        entry->error = result.error == 0 && result.count == 0 ? EAI_NONAME : result.error;
        if (entry->error == 0)
            entry->known = result;
    }
}

/* A name that the service has been asked for, and that it hangs over, is not asked for again. */
static int ask(struct address_book *book, struct entry *entry, const char *host)
{
    if (book->resolver == NULL)
        book->resolver = resolver_create();
    if (book->resolver == NULL)
        return -1;
    take_answers(book);
    if (!entry->is_asked && resolver_submit(book->resolver, host, entry) != 0)
        return -1;
    entry->is_asked = true;
    return 0;
}

static enum patience_end await(struct address_book *book, struct entry *entry,
                               const struct patience *patience)
{
    enum patience_end end = PATIENCE_READY;

    while (entry->is_asked && end == PATIENCE_READY) {
        end = patience_wait(patience, resolver_fd(book->resolver), POLLIN);
        take_answers(book);
    }
    return entry->is_asked ? end : PATIENCE_READY;
}

static const struct resolver_result *explain(const struct entry *entry, enum patience_end end,
                                             const struct endpoint *endpoint,
                                             const struct patience *patience,
                                             struct etcd_error *error)
{
    if (end == PATIENCE_INTERRUPTED)
        fault_set_wait(error, end, endpoint->url, "be found", patience);
    else if (end == PATIENCE_LATE)
        fault_set(error, ETCD_CODE_NONE,
                  "etcd at %s: the name service does not say in time where %s is", endpoint->url,
                  endpoint->host);
    else
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: no address of %s is known (%s)",
                  endpoint->url, endpoint->host, gai_strerror(entry->error));
    return NULL;
}

const struct resolver_result *address_book_find(struct address_book *book, size_t index,
                                                const struct endpoint *endpoint,
                                                const struct patience *patience,
                                                struct etcd_error *error)
{
    struct entry *entry = &book->entries[index];
    struct patience half = patience_share(patience, entry->known.count > 0 ? 2 : 1);
    struct resolver_result digits;
    enum patience_end end;

    if (resolver_parse_address(endpoint->host, &digits)) {
        entry->known = digits;
        return &entry->known;
    }
    if (ask(book, entry, endpoint->host) != 0) {
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: %s cannot be looked up (%s)", endpoint->url,
                  endpoint->host, error_text(errno));
        return NULL;
    }
    end = await(book, entry, &half);
    if (entry->known.count == 0 || end == PATIENCE_INTERRUPTED)
        return explain(entry, end, endpoint, &half, error);
    return &entry->known;
}
