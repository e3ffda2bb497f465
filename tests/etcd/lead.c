/* One of several lockerd over etcd without locks, for tests: stands by, takes over and commits what
 * it is told line by line.
 *
 *   etcd-lead STATE INSTANCE TAKEOVER_MS [compacts]
 *
 *   commit NAME VALUE    begins to keep this; NAME alone: not to keep it; neither: nothing
 *   fill NAMES COUNT LEN so many keys, NAMES0000 and so on, with values of that length
 *   resign, load         as replica.h has them
 *
 * Prints what happens, a line each: "leads TERM", "loaded ROWS", "committed", "failed WHY" and so
 * on.  A command comes when the one before is done.  Must not do two things at a time. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/etcd/members.h"
#include "store/etcd/replica_step.h"
#include "words.h"

enum { NAME_SIZE = ENDPOINT_PREFIX_SIZE + 1, VALUE_MOST = 1 << 20 };

struct leading {
    struct etcd_replica *replica;
    struct etcd_txn *txn;
    size_t rows;
};

static int take_row(void *context, const struct etcd_row *row)
{
    struct leading *leading = context;

    (void)row;
    leading->rows++;
    return 0;
}

/* what it is told */

static void fill(struct leading *leading, const char *names, int64_t count, int64_t len)
{
    char *value = calloc(1, VALUE_MOST), name[NAME_SIZE];

    if (value == NULL || names == NULL || len > VALUE_MOST)
        die("that is too much");
    memset(value, 'x', (size_t)len);
    for (int64_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%04lld", names, (long long)i);
        etcd_txn_put(leading->txn, name, value, (size_t)len);
    }
    free(value);
}

static void commit(struct leading *leading, const char *name, const char *value)
{
    if (name != NULL && value != NULL)
        etcd_txn_put(leading->txn, name, value, strlen(value));
    else if (name != NULL)
        etcd_txn_remove(leading->txn, name);
}

static void obey(struct leading *leading, char *line)
{
    const char *word = strtok(line, " \n");
    const char *first = strtok(NULL, " \n"), *second = strtok(NULL, " \n");

    if (word != NULL && strcmp(word, "resign") == 0) {
        etcd_replica_resign(leading->replica);
        return;
    }
    if (word != NULL && strcmp(word, "load") == 0) {
        leading->rows = 0;
        etcd_replica_load(leading->replica);
        return;
    }
    etcd_txn_clear(leading->txn);
    if (word != NULL && strcmp(word, "fill") == 0)
        fill(leading, first, number_of(second), number_of(strtok(NULL, " \n")));
    else
        commit(leading, first, second);
    if (!etcd_replica_is_ready(leading->replica) ||
        etcd_replica_commit(leading->replica, leading->txn) != 0)
        printf("not-ready\n");
}

/* what happens */

static void tell(struct leading *leading, enum etcd_event event)
{
    static const char *const words[] = {
        [ETCD_EVENT_TROUBLE] = "trouble",       [ETCD_EVENT_KEPT_OUT] = "kept-out",
        [ETCD_EVENT_LEADS] = "leads",           [ETCD_EVENT_LOADED] = "loaded",
        [ETCD_EVENT_COMMITTED] = "committed",   [ETCD_EVENT_FAILED] = "failed",
        [ETCD_EVENT_DEPOSED] = "deposed",       [ETCD_EVENT_RESIGNED] = "resigned",
        [ETCD_EVENT_UNREADABLE] = "unreadable", [ETCD_EVENT_HISTORY] = "history",
    };

    if (event == ETCD_EVENT_NONE || event == ETCD_EVENT_IDLE)
        return;
    if (event == ETCD_EVENT_LEADS) {
        leading->rows = 0;
        printf("leads %llu\n",
               (unsigned long long)etcd_replica_sight(leading->replica)->leader.term);
    } else if (event == ETCD_EVENT_LOADED) {
        printf("loaded %zu\n", leading->rows);
    } else {
        printf("%s %s\n", words[event], etcd_replica_error(leading->replica));
    }
    fflush(stdout);
}

/* Returns false at the end of what it is told. */
static bool wait_for_line(struct leading *leading)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    int64_t wait_ms = etcd_replica_due_ms(leading->replica) - etcd_replica_now_ms();
    char line[256];

    if (poll(&input, 1, wait_ms > 0 ? (int)wait_ms : 0) <= 0)
        return true;
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    obey(leading, line);
    fflush(stdout);
    return true;
}

static struct members *open_members(const char *state, char prefix[NAME_SIZE])
{
    const struct members_settings settings = {.interrupt_fd = -1};
    char why[ENDPOINT_WHY_SIZE];
    struct endpoint_list list;
    struct members *members;
    struct etcd_error error;

    if (endpoint_list_parse(state, &list, why) != 0)
        die(why);
    members = members_create(&list, &settings, &error);
    if (members == NULL)
        die(error.text);
    snprintf(prefix, NAME_SIZE, "%s/", list.prefix);
    return members;
}

int main(int argc, char **argv)
{
    struct leading leading = {0};
    struct etcd_replica_options options = {
        .who = {.version = "1.0.0", .cluster = "c0ffee", .host = "here"},
        .machine = "here",
        .boot = "boot",
        .on_row = take_row,
        .context = &leading,
    };
    struct buffer response = {0};
    struct members *members;
    char prefix[NAME_SIZE];

    if (argc < 4)
        die("usage: etcd-lead STATE INSTANCE TAKEOVER_MS [compacts]");
    members = open_members(argv[1], prefix);
    options.prefix = prefix;
    snprintf(options.who.instance, sizeof options.who.instance, "%s", argv[2]);
    options.who.takeover_ms = number_of(argv[3]);
    options.compacts = argc > 4;
    leading.replica = etcd_replica_create(&options);
    leading.txn = etcd_txn_create(prefix);
    if (leading.replica == NULL || leading.txn == NULL)
        die("etcd_replica_create() has failed");
    setvbuf(stdin, NULL, _IONBF, 0);
    while (wait_for_line(&leading))
        tell(&leading, etcd_replica_step(leading.replica, members_caller(members), &response));
    buffer_fini(&response);
    etcd_txn_destroy(leading.txn);
    etcd_replica_destroy(leading.replica);
    members_destroy(members);
    return 0;
}
