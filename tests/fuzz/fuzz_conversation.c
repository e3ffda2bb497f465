/* Runs clients of the library against a lock server, all in one process: what they do, which of
 * them lose their connections, and what a stranger says meanwhile, is the input's.  No lock has two
 * holders, and tokens only rise.
 * Must not wait: who has to is gone on with later. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ipclocker_server.h"

enum { CLIENTS = 4, LOCKS = 3, STEPS_MAX = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct player {
    struct ipclocker *lock;
    bool wants;        /* begun, and not given up */
    bool has_limit;    /* what it holds may be taken back without its hearing of it */
    bool was_told;     /* that it has what it wants */
    bool holds[LOCKS]; /* as it was told, until it gives back */
};

struct stage {
    struct ipclocker_server *server;
    struct player players[CLIENTS];
    uint64_t tokens[LOCKS]; /* of the last grant that somebody was told of */
    const struct player *owners[LOCKS];
    int stranger;
};

static int64_t ahead_ms; /* how far the clocks of deadlines are ahead of the system's */

static char path[64];

static void remove_socket(void)
{
    unlink(path);
}

static int connect_stranger(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    abort();
}

/* For all in this process, libevent too.  The fuzzer itself goes by the wall clock. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);

    if (result == 0 && clock != CLOCK_REALTIME) {
        time->tv_sec += (time_t)(ahead_ms / 1000);
        time->tv_nsec += (long)(ahead_ms % 1000 * 1000000);
        if (time->tv_nsec >= 1000000000) {
            time->tv_sec++;
            time->tv_nsec -= 1000000000;
        }
    }
    return result;
}

static void open_server(struct stage *stage)
{
    if (*path == '\0') {
        snprintf(path, sizeof path, "/tmp/fuzz-lockerd-%d", (int)getpid());
        atexit(remove_socket);
    }
    stage->server = ipclocker_server_create();
    if (stage->server == NULL || ipclocker_server_listen_unix(stage->server, path) != 0)
        abort();
    ipclocker_server_set_pidstat_port(stage->server, -1);
    if (ipclocker_server_start(stage->server, NULL) != 0)
        abort();
}

static void open_player(struct player *player, size_t number)
{
    struct ipclocker *lock = ipclocker_create();
    char user[16];

    snprintf(user, sizeof user, "player%zu", number);
    if (lock == NULL || ipclocker_set_path(lock, path) != 0 || ipclocker_set_user(lock, user) != 0)
        abort();
    ipclocker_set_connect_delay(lock, 1);
    ipclocker_set_hold_limit(lock, 0);
    /* That would wait for the server, too. */
    ipclocker_set_destroy_unlock(lock, false);
    player->lock = lock;
}

static void close_stage(struct stage *stage)
{
    for (size_t i = 0; i < CLIENTS; i++)
        ipclocker_destroy(stage->players[i].lock);
    close(stage->stranger);
    ipclocker_server_destroy(stage->server);
}

/* Somebody was told that he holds. */
static void note_grant(struct stage *stage, struct player *player)
{
    const char *names = ipclocker_lock_name(player->lock);
    uint64_t token = ipclocker_token(player->lock);

    for (size_t n = 0; n < LOCKS; n++) {
        if (strchr(names, "abc"[n]) == NULL)
            continue;
        for (size_t i = 0; i < CLIENTS; i++)
            assert(!stage->players[i].holds[n] || &stage->players[i] == player ||
                   stage->players[i].has_limit);
        /* Who asks at once for what several grants have given it is told the last one's, which is
         * higher than any that the locks' former holders had; of one of them alone, that one's. */
        assert(token > stage->tokens[n] || stage->owners[n] == player);
        if (token > stage->tokens[n])
            stage->tokens[n] = token;
        stage->owners[n] = player;
        player->holds[n] = true;
    }
}

static void forget_holds(struct player *player)
{
    memset(player->holds, 0, sizeof player->holds);
}

static void go_on(struct stage *stage, struct player *player)
{
    if (!player->wants)
        return;
    switch (ipclocker_process(player->lock)) {
    case 1:
        if (!player->was_told)
            note_grant(stage, player);
        player->was_told = true;
        break;
    case -1:
        assert(*ipclocker_error(player->lock) != '\0');
        player->wants = false;
        forget_holds(player);
    }
}

static void run(struct stage *stage)
{
    char answers[4096];

    for (int turn = 0; turn < 4; turn++) {
        ipclocker_server_process(stage->server, 0);
        for (size_t i = 0; i < CLIENTS; i++)
            go_on(stage, &stage->players[i]);
        while (recv(stage->stranger, answers, sizeof answers, MSG_DONTWAIT) > 0)
            continue;
    }
}

static void say(struct stage *stage, int fd, const char *text)
{
    if (fd >= 0)
        (void)!send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    run(stage);
}

/* A set of names, of which one is wanted, or two groups. */
static void begin(struct stage *stage, struct player *player, unsigned which)
{
    static const char *const demands[] = {"a", "b", "a:b", "a:b:c", "c", "b:c", "a", "c"};
    const char *second = which == 6 ? "b" : which == 7 ? "a:b" : NULL;

    if (player->wants || ipclocker_set_locks(player->lock, demands[which], 1) != 0 ||
        (second != NULL && ipclocker_add_locks(player->lock, second, 1) != 0))
        return;
    player->was_told = false;
    player->wants = ipclocker_lock_start(player->lock) == 0;
    run(stage);
}

static void end(struct stage *stage, struct player *player)
{
    bool was_told = player->wants && player->was_told;

    player->wants = false;
    if (was_told) {
        /* ipclocker_unlock() would wait for a server that only runs when we are back. */
        forget_holds(player);
        say(stage, ipclocker_fd(player->lock), "UNLOCK\n");
    } else {
        ipclocker_cancel(player->lock);
    }
    ipclocker_forget(player->lock);
    run(stage);
}

static void break_lock(struct stage *stage, unsigned which)
{
    char text[64];

    run(stage);
    for (size_t i = 0; i < CLIENTS; i++)
        stage->players[i].holds[which % LOCKS] = false;
    snprintf(text, sizeof text, "user stranger\nlocks %c\nBREAK_LOCK\n", "abc"[which % LOCKS]);
    say(stage, stage->stranger, text);
}

static void cut(struct stage *stage, const struct player *player)
{
    int fd = ipclocker_fd(player->lock);

    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    run(stage);
}

static void change(struct player *player, unsigned which)
{
    if (player->wants)
        return;
    ipclocker_set_session(player->lock, which & 1);
    ipclocker_set_block(player->lock, !(which & 2));
    ipclocker_set_hold_limit(player->lock, which & 4 ? 3 : 0);
    player->has_limit = which & 4;
}

/* The two low bits are the player's number, the next three what is done, the rest is about that. */
static void step(struct stage *stage, uint8_t code)
{
    static const int64_t passes_ms[] = {1, 60, 150, 1000, 2000, 4000, 11000, 70000};
    struct player *player = &stage->players[code & 3];
    unsigned which = code >> 5;

    switch (code >> 2 & 7) {
    case 0:
    case 1:
        begin(stage, player, which);
        break;
    case 2:
    case 3:
        end(stage, player);
        break;
    case 4:
        cut(stage, player);
        break;
    case 5:
        ahead_ms += passes_ms[which];
        run(stage);
        break;
    case 6:
        if (which < LOCKS)
            break_lock(stage, which);
        else if (which == 7)
            ipclocker_refresh_wait(player->lock);
        break;
    case 7:
        change(player, which);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage stage = {0};

    ahead_ms = 0;
    open_server(&stage);
    for (size_t i = 0; i < CLIENTS; i++)
        open_player(&stage.players[i], i);
    stage.stranger = connect_stranger();
    for (size_t i = 0; i < size && i < STEPS_MAX; i++)
        step(&stage, data[i]);
    close_stage(&stage);
    ahead_ms = 0;
    return 0;
}
