/* A ring of those who have questions, and in each a ring of the hosts that these are for.
 * Must not know what is asked. */
#include "turns.h"

#include <stdlib.h>

#define REST_US 100000
#define SAVED_US 1000000

static int compare_keys(const struct tree_node *left, const struct tree_node *right)
{
    uint64_t a = tree_entry(left, const struct turn_client, by_key)->key;
    uint64_t b = tree_entry(right, const struct turn_client, by_key)->key;

    return (a > b) - (a < b);
}

static int compare_hosts(const struct tree_node *left, const struct tree_node *right)
{
    uintptr_t a = (uintptr_t)tree_entry(left, const struct turn_line, by_host)->host;
    uintptr_t b = (uintptr_t)tree_entry(right, const struct turn_line, by_host)->host;

    return (a > b) - (a < b);
}

void turns_init(struct turns *turns, unsigned rate, unsigned host_rate)
{
    *turns = (struct turns){.clients.compare = compare_keys, .rate = rate, .host_rate = host_rate};
    TAILQ_INIT(&turns->ring);
    TAILQ_INIT(&turns->at_rest);
    TAILQ_INIT(&turns->hosts_at_rest);
}

void turns_fini(struct turns *turns)
{
    struct tree_node *node;

    while ((node = tree_first(&turns->clients)) != NULL) {
        tree_remove(&turns->clients, node);
        free(tree_entry(node, struct turn_client, by_key));
    }
}

static struct turn_client *get_client(struct turns *turns, uint64_t key)
{
    const struct turn_client probe = {.key = key};
    struct tree_node *node = tree_find(&turns->clients, &probe.by_key);
    struct turn_client *client;

    if (node != NULL)
        return tree_entry(node, struct turn_client, by_key);
    client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->key = key;
    client->lines.compare = compare_hosts;
    for (int i = 0; i < TURN_CLASSES; i++)
        TAILQ_INIT(&client->hosts[i]);
    TAILQ_INIT(&client->unresolved);
    tree_insert(&turns->clients, &client->by_key);
    return client;
}

void turns_hold_client(struct turn_client *client)
{
    client->users++;
}

void turns_put_client(struct turns *turns, struct turn_client *client)
{
    if (--client->users > 0)
        return;
    tree_remove(&turns->clients, &client->by_key);
    free(client);
}

/* Its first class that has some; TURN_CLASSES for none. */
static int first_class(const struct turn_client *client)
{
    int class = 0;

    while (class < TURN_CLASSES && TAILQ_EMPTY(&client->hosts[class]))
        class ++;
    return class;
}

static bool has_any(const struct turn_client *client)
{
    return first_class(client) < TURN_CLASSES;
}

static struct turn_ring *ring_of(struct turns *turns, const struct turn_client *client)
{
    return client->pace.resting ? &turns->at_rest : &turns->ring;
}

static void line_up(struct turns *turns, struct turn_client *client, int64_t now_us)
{
    client->pace.resting = client->pace.rest_until_us > now_us;
    TAILQ_INSERT_TAIL(ring_of(turns, client), client, in_ring);
}

static int class_of(const struct turn_queue *queue)
{
    return (int)(queue - queue->line->queues);
}

static void enter_ring(struct turns *turns, struct turn_queue *queue, int64_t now_us)
{
    struct turn_client *client = queue->line->client;

    if (!has_any(client))
        line_up(turns, client, now_us);
    TAILQ_INSERT_TAIL(&client->hosts[class_of(queue)], queue, in_ring);
}

static void leave_ring(struct turns *turns, struct turn_queue *queue)
{
    struct turn_client *client = queue->line->client;

    TAILQ_REMOVE(&client->hosts[class_of(queue)], queue, in_ring);
    if (!has_any(client))
        TAILQ_REMOVE(ring_of(turns, client), client, in_ring);
}

struct queue *turns_join(struct turns *turns, struct turn_line *line, enum turn_class class,
                         struct queue_entry *entry, int64_t now_us)
{
    struct turn_queue *queue = &line->queues[class];
    bool was_empty = TAILQ_EMPTY(&queue->entries);

    turns->urgent += class <= TURN_URGENT;
    TAILQ_INSERT_TAIL(&queue->entries, entry, in_queue);
    if (was_empty && !line->host->pace.resting)
        enter_ring(turns, queue, now_us);
    return &queue->entries;
}

static void take_out(struct turns *turns, struct turn_queue *queue, struct queue_entry *entry)
{
    TAILQ_REMOVE(&queue->entries, entry, in_queue);
    turns->urgent -= class_of(queue) <= TURN_URGENT;
    if (TAILQ_EMPTY(&queue->entries) && !queue->line->host->pace.resting)
        leave_ring(turns, queue);
}

bool turns_have(const struct turn_line *line, const struct queue *queue)
{
    for (int i = 0; i < TURN_CLASSES; i++) {
        if (queue == &line->queues[i].entries)
            return true;
    }
    return false;
}

void turns_leave(struct turns *turns, struct turn_line *line, struct queue *queue,
                 struct queue_entry *entry)
{
    for (int i = 0; i < TURN_CLASSES; i++) {
        if (queue == &line->queues[i].entries)
            take_out(turns, &line->queues[i], entry);
    }
}

static struct turn_queue *next_queue(const struct turns *turns)
{
    const struct turn_client *client = TAILQ_FIRST(&turns->ring);

    return client != NULL ? TAILQ_FIRST(&client->hosts[first_class(client)]) : NULL;
}

struct queue_entry *turns_next(const struct turns *turns)
{
    const struct turn_queue *queue = next_queue(turns);

    return queue != NULL ? TAILQ_FIRST(&queue->entries) : NULL;
}

void turns_take(struct turns *turns)
{
    struct turn_queue *queue = next_queue(turns);
    struct turn_client *client = queue->line->client;
    struct turn_queue_ring *hosts = &client->hosts[class_of(queue)];

    TAILQ_REMOVE(&turns->ring, client, in_ring);
    TAILQ_INSERT_TAIL(&turns->ring, client, in_ring);
    TAILQ_REMOVE(hosts, queue, in_ring);
    TAILQ_INSERT_TAIL(hosts, queue, in_ring);
    take_out(turns, queue, TAILQ_FIRST(&queue->entries));
}

/* Whether it is to rest from now on. */
static bool count(struct turn_pace *pace, unsigned rate, int64_t now_us)
{
    if (rate == 0)
        return false;
    if (pace->used_until_us < now_us - SAVED_US)
        pace->used_until_us = now_us - SAVED_US;
    pace->used_until_us += 1000000 / rate;
    if (pace->used_until_us < now_us)
        return false;
    pace->rest_until_us = now_us + REST_US;
    return true;
}

/* Its lines have no turns until it has rested. */
static void rest(struct turns *turns, struct turn_host *host, int64_t now_us)
{
    struct turn_line *line;

    LIST_FOREACH(line, &host->lines, of_host)
    {
        for (int i = 0; i < TURN_CLASSES; i++) {
            if (!TAILQ_EMPTY(&line->queues[i].entries))
                leave_ring(turns, &line->queues[i]);
        }
    }
    host->pace.resting = true;
    host->pace.rest_until_us = now_us + REST_US;
    TAILQ_INSERT_TAIL(&turns->hosts_at_rest, host, at_rest);
}

static void end_rest(struct turns *turns, struct turn_host *host, int64_t now_us)
{
    struct turn_line *line;

    TAILQ_REMOVE(&turns->hosts_at_rest, host, at_rest);
    host->pace.resting = false;
    LIST_FOREACH(line, &host->lines, of_host)
    {
        for (int i = 0; i < TURN_CLASSES; i++) {
            if (!TAILQ_EMPTY(&line->queues[i].entries))
                enter_ring(turns, &line->queues[i], now_us);
        }
    }
}

static struct turn_line *add_line(struct turns *turns, struct turn_client *client,
                                  struct turn_host *host, int64_t now_us)
{
    struct turn_line *line = calloc(1, sizeof *line);

    if (line == NULL)
        return NULL;
    line->client = client;
    line->host = host;
    for (int i = 0; i < TURN_CLASSES; i++) {
        TAILQ_INIT(&line->queues[i].entries);
        line->queues[i].line = line;
    }
    if (LIST_EMPTY(&host->lines) && host->pace.rest_until_us > now_us)
        rest(turns, host, now_us);
    tree_insert(&client->lines, &line->by_host);
    LIST_INSERT_HEAD(&host->lines, line, of_host);
    turns_hold_client(client);
    return line;
}

struct turn_line *turns_get(struct turns *turns, uint64_t key, struct turn_host *host,
                            int64_t now_us)
{
    const struct turn_line probe = {.host = host};
    struct turn_client *client = get_client(turns, key);
    struct turn_line *line = NULL;
    struct tree_node *node;

    if (client == NULL)
        return NULL;
    turns_hold_client(client);
    node = tree_find(&client->lines, &probe.by_host);
    line = node != NULL ? tree_entry(node, struct turn_line, by_host)
                        : add_line(turns, client, host, now_us);
    if (line != NULL)
        line->users++;
    turns_put_client(turns, client);
    return line;
}

void turns_put(struct turns *turns, struct turn_line *line)
{
    if (--line->users > 0)
        return;
    LIST_REMOVE(line, of_host);
    /* Who is asked nothing may be forgotten. */
    if (line->host->pace.resting && LIST_EMPTY(&line->host->lines))
        end_rest(turns, line->host, 0);
    tree_remove(&line->client->lines, &line->by_host);
    turns_put_client(turns, line->client);
    free(line);
}

void turns_count(struct turns *turns, struct turn_line *line, int64_t now_us)
{
    struct turn_client *client = line->client;

    if (count(&line->host->pace, turns->host_rate, now_us))
        rest(turns, line->host, now_us);
    if (count(&client->pace, turns->rate, now_us) && has_any(client)) {
        TAILQ_REMOVE(&turns->ring, client, in_ring);
        line_up(turns, client, now_us);
    }
}

int64_t turns_rested_us(const struct turns *turns)
{
    const struct turn_client *first = TAILQ_FIRST(&turns->at_rest);
    const struct turn_host *host = TAILQ_FIRST(&turns->hosts_at_rest);
    int64_t rested_us = first != NULL ? first->pace.rest_until_us : INT64_MAX;

    if (host != NULL && host->pace.rest_until_us < rested_us)
        return host->pace.rest_until_us;
    return rested_us;
}

void turns_wake(struct turns *turns, int64_t now_us)
{
    struct turn_client *client;
    struct turn_host *host;

    while ((host = TAILQ_FIRST(&turns->hosts_at_rest)) != NULL &&
           host->pace.rest_until_us <= now_us)
        end_rest(turns, host, now_us);
    while ((client = TAILQ_FIRST(&turns->at_rest)) != NULL &&
           client->pace.rest_until_us <= now_us) {
        TAILQ_REMOVE(&turns->at_rest, client, in_ring);
        line_up(turns, client, now_us);
    }
}
