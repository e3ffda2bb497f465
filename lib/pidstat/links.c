/* A table of connected sockets, bounded: who is asked again gets another one.
 * Must not look into the datagrams. */
#include "links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "udp.h"

static int compare_addresses(const struct tree_node *left, const struct tree_node *right)
{
    const struct sockaddr_in6 *a =
        &tree_entry(left, const struct pidstat_link, by_address)->address;
    const struct sockaddr_in6 *b =
        &tree_entry(right, const struct pidstat_link, by_address)->address;
    int order = memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr);

    if (order == 0)
        order = (a->sin6_port > b->sin6_port) - (a->sin6_port < b->sin6_port);
    return order != 0
               ? order
               : (a->sin6_scope_id > b->sin6_scope_id) - (a->sin6_scope_id < b->sin6_scope_id);
}

/* Returns a descriptor that holds a place for another, or -1 with errno. */
static int reserve(void)
{
    return eventfd(0, EFD_CLOEXEC);
}

int pidstat_links_init(struct pidstat_links *links, size_t max, int epoll_fd, asker_ready_fn *ready)
{
    *links = (struct pidstat_links){.max = max, .epoll_fd = epoll_fd, .ready = ready};
    links->by_address.compare = compare_addresses;
    TAILQ_INIT(&links->in_use);
    links->spare = reserve();
    return links->spare >= 0 ? 0 : -1;
}

static void drop(struct pidstat_links *links, struct pidstat_link *link)
{
    TAILQ_REMOVE(&links->in_use, link, in_use);
    tree_remove(&links->by_address, &link->by_address);
    links->count--;
    close(link->fd);
    free(link);
}

void pidstat_links_fini(struct pidstat_links *links)
{
    struct pidstat_link *link;

    while ((link = TAILQ_FIRST(&links->in_use)) != NULL)
        drop(links, link);
    descriptor_close(links->spare);
}

static bool drop_oldest(struct pidstat_links *links)
{
    struct pidstat_link *oldest = TAILQ_FIRST(&links->in_use);

    if (oldest == NULL)
        return false;
    drop(links, oldest);
    return true;
}

/* Makes a place for one more socket at the cost of another's, or of the spare. */
static bool make_place(struct pidstat_links *links)
{
    if (drop_oldest(links))
        return true;
    if (links->spare < 0)
        return false;
    descriptor_close(links->spare);
    links->spare = -1;
    return true;
}

/* Descriptors may be short for another's reason: then there are fewer sockets, but one. */
static int open_socket(struct pidstat_links *links, const struct sockaddr_in6 *address)
{
    int fd;

    while (links->count >= links->max && drop_oldest(links))
        continue;
    do
        fd = pidstat_udp_connect(address);
    while (fd < 0 && (errno == EMFILE || errno == ENFILE) && make_place(links));
    return fd;
}

static struct pidstat_link *add(struct pidstat_links *links, const struct sockaddr_in6 *address)
{
    struct pidstat_link *link = calloc(1, sizeof *link);
    struct epoll_event event = {.events = EPOLLIN};

    if (link == NULL)
        return NULL;
    link->source.ready = links->ready;
    link->address = *address;
    link->fd = open_socket(links, address);
    event.data.ptr = &link->source;
    if (link->fd >= 0 && epoll_ctl(links->epoll_fd, EPOLL_CTL_ADD, link->fd, &event) == 0) {
        tree_insert(&links->by_address, &link->by_address);
        TAILQ_INSERT_TAIL(&links->in_use, link, in_use);
        links->count++;
        return link;
    }
    if (link->fd >= 0)
        close(link->fd);
    free(link);
    return NULL;
}

static struct pidstat_link *find(const struct pidstat_links *links,
                                 const struct sockaddr_in6 *address)
{
    const struct pidstat_link probe = {.address = *address};
    struct tree_node *node = tree_find(&links->by_address, &probe.by_address);

    return node != NULL ? tree_entry(node, struct pidstat_link, by_address) : NULL;
}

static struct sockaddr_in6 with_port(const struct sockaddr *address, uint16_t port)
{
    struct sockaddr_in6 result = pidstat_udp_to_v6(address);

    result.sin6_port = htons(port);
    return result;
}

int pidstat_links_send(struct pidstat_links *links, const struct sockaddr *address, uint16_t port,
                       const char *text, size_t len)
{
    const struct sockaddr_in6 to = with_port(address, port);
    struct pidstat_link *link = find(links, &to);

    if (link == NULL && (link = add(links, &to)) == NULL)
        return -1;
    TAILQ_REMOVE(&links->in_use, link, in_use);
    TAILQ_INSERT_TAIL(&links->in_use, link, in_use);
    return pidstat_udp_send(link->fd, text, len);
}

void pidstat_links_forget(struct pidstat_links *links, const struct sockaddr *address,
                          uint16_t port)
{
    const struct sockaddr_in6 to = with_port(address, port);
    struct pidstat_link *link = find(links, &to);

    if (link == NULL)
        return;
    drop(links, link);
    if (links->spare < 0)
        links->spare = reserve();
}
