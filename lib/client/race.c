/* Several servers are tried at once: the connections besides the handle's own.
 * Must not decide who is tried next, nor say a word to anyone. */
#include "race.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "connection.h"
#include "failures.h"
#include "lookup.h"
#include "order.h"

enum { RIVALS_MAX = 16 };

struct client_rival {
    int fd;
    struct client_target at;
    int64_t end_ms;
};

static struct client_rival take_off(struct client_race *race, size_t index)
{
    struct client_rival rival = race->rivals[index];

    race->count--;
    memmove(&race->rivals[index], &race->rivals[index + 1],
            (race->count - index) * sizeof *race->rivals);
    return rival;
}

/* As if it were the current one for a moment. */
static void note(struct ipclocker *lock, const struct client_target *at, int number)
{
    struct client_target current = lock->round.at;

    lock->round.at = *at;
    client_failures_unreached(lock, number);
    lock->round.at = current;
}

static void fail(struct ipclocker *lock, size_t index, int number)
{
    struct client_rival rival = take_off(&lock->race, index);

    descriptor_close(rival.fd);
    note(lock, &rival.at, number);
}

bool client_race_add(struct ipclocker *lock)
{
    struct client_race *race = &lock->race;
    struct client_rival *rivals;

    /* The oldest has had more time than most. */
    if (race->count == RIVALS_MAX)
        fail(lock, 0, ETIMEDOUT);
    rivals = array_grow(race->rivals, &race->room, race->count, sizeof *rivals);
    if (rivals == NULL)
        return false;
    race->rivals = rivals;
    race->rivals[race->count++] = (struct client_rival){
        .fd = lock->connection.fd, .at = lock->round.at, .end_ms = lock->round.attempt_end_ms};
    lock->connection.fd = -1;
    return true;
}

static void become_current(struct ipclocker *lock, size_t index)
{
    struct client_rival rival = take_off(&lock->race, index);

    lock->connection.fd = rival.fd;
    lock->round.at = rival.at;
    lock->round.attempt_end_ms = rival.end_ms;
    lock->round.next_ms = CLIENT_NEVER;
}

bool client_race_take(struct ipclocker *lock)
{
    if (lock->race.count == 0)
        return false;
    become_current(lock, 0);
    return true;
}

/* What was tried last makes way, and is gone on with if this comes to nothing.  The addresses of
 * the round are of its host: those of them that were not tried wait for its next turn. */
static void win(struct ipclocker *lock, size_t index)
{
    struct client_rival winner = take_off(&lock->race, index);
    struct client_round *round = &lock->round;
    bool is_other = winner.at.host != round->at.host;

    if (lock->connection.fd < 0 || (is_other && round->address_index < round->address_count))
        lock->set.hosts[round->at.host].is_deferred = true;
    if (is_other)
        round->address_count = round->address_index = 0;
    /* There is room, as the winner has left. */
    if (lock->connection.fd >= 0)
        client_race_add(lock);
    lock->connection.fd = winner.fd;
    lock->round.at = winner.at;
}

bool client_race_look(struct ipclocker *lock)
{
    struct client_race *race = &lock->race;
    size_t index = 0;

    while (index < race->count) {
        const struct client_rival *rival = &race->rivals[index];
        int connected = client_connection_check(rival->fd, &rival->at.address);

        if (connected > 0) {
            win(lock, index);
            return true;
        }
        if (connected == 0 && clock_now_ms() < rival->end_ms)
            index++;
        else
            fail(lock, index, connected < 0 ? errno : ETIMEDOUT);
    }
    return false;
}

bool client_race_has_earlier(const struct ipclocker *lock)
{
    size_t step = client_order_step(lock, lock->round.at.host);

    for (size_t i = 0; i < lock->race.count; i++) {
        if (client_order_step(lock, lock->race.rivals[i].at.host) < step)
            return true;
    }
    for (size_t i = 0; i < lock->set.host_count; i++) {
        if (lock->set.hosts[i].is_deferred && client_order_step(lock, i) < step)
            return true;
    }
    return false;
}

void client_race_end_later(struct ipclocker *lock)
{
    size_t step = client_order_step(lock, lock->round.at.host), index = 0;

    while (index < lock->race.count) {
        if (client_order_step(lock, lock->race.rivals[index].at.host) > step)
            descriptor_close(take_off(&lock->race, index).fd);
        else
            index++;
    }
}

void client_race_close(struct ipclocker *lock)
{
    struct client_race *race = &lock->race;

    while (race->count > 0)
        descriptor_close(race->rivals[--race->count].fd);
    free(race->rivals);
    race->rivals = NULL;
    race->room = 0;
    if (race->epoll_fd >= 0)
        descriptor_close(race->epoll_fd);
    race->epoll_fd = -1;
    race->has_runner_up = false;
}

void client_race_end(struct ipclocker *lock)
{
    struct client_target current = lock->round.at;
    size_t step = client_order_step(lock, current.host);

    for (size_t i = 0; i < lock->race.count; i++) {
        lock->round.at = lock->race.rivals[i].at;
        if (client_order_step(lock, lock->round.at.host) < step)
            client_failures_not_yet(lock);
    }
    lock->round.at = current;
    client_race_close(lock);
}

void client_race_time_out(struct ipclocker *lock)
{
    while (lock->race.count > 0)
        fail(lock, 0, ETIMEDOUT);
}

int64_t client_race_due_ms(const struct ipclocker *lock)
{
    int64_t due_ms = CLIENT_NEVER;

    for (size_t i = 0; i < lock->race.count; i++) {
        if (lock->race.rivals[i].end_ms < due_ms)
            due_ms = lock->race.rivals[i].end_ms;
    }
    return due_ms;
}

static bool is_waited_for(const struct ipclocker *lock)
{
    return lock->race.count > 0 &&
           (lock->call.phase == PHASE_CONNECTING || lock->call.phase == PHASE_RESOLVING);
}

/* One that is in the set already stays in it, and one that was closed has left it. */
static void watch(const struct ipclocker *lock, int fd, unsigned events)
{
    struct epoll_event event = {.events = events};

    if (fd >= 0)
        epoll_ctl(lock->race.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void client_race_arm(struct ipclocker *lock)
{
    struct client_race *race = &lock->race;
    int lookup_fd = client_lookup_fd(lock);

    /* Readable for ever in the caller's own set. */
    if (!is_waited_for(lock) && race->epoll_fd >= 0) {
        descriptor_close(race->epoll_fd);
        race->epoll_fd = -1;
    }
    if (!is_waited_for(lock))
        return;
    if (race->epoll_fd < 0)
        race->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (race->epoll_fd < 0)
        return;
    for (size_t i = 0; i < race->count; i++)
        watch(lock, race->rivals[i].fd, EPOLLOUT);
    watch(lock, lock->connection.fd, EPOLLOUT);
    if (lock->call.phase == PHASE_RESOLVING)
        watch(lock, lookup_fd, EPOLLIN);
    else if (lookup_fd >= 0)
        epoll_ctl(race->epoll_fd, EPOLL_CTL_DEL, lookup_fd, NULL);
}

int client_race_fd(const struct ipclocker *lock)
{
    return is_waited_for(lock) ? lock->race.epoll_fd : -1;
}

bool client_race_is_blind(const struct ipclocker *lock)
{
    return is_waited_for(lock) && lock->race.epoll_fd < 0;
}
