/* A lockerd without locks, for tests: stands by in a real etcd, leads when it is its turn, and
 * makes a token with each commit, as fast as it can until somebody else leads.
 *
 *   etcd-stand STATE INSTANCE TAKEOVER_MS
 *
 * Says "leads TERM", "loaded ROWS", "token NUMBER SENT_MS CONFIRMED_MS" of CLOCK_BOOTTIME,
 * "deposed", "resigned", and "trouble WHY" of the first in a row. SIGTERM has it resign. Must not
 * keep anything but in etcd. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/random.h"
#include "store/etcd/members.h"
#include "store/etcd/replica.h"
#include "store/etcd/replica_step.h"

enum { REST_MS = 5 };

struct stand {
    struct etcd_replica *replica;
    struct members *members;
    struct etcd_txn *txn;
    uint64_t rows, token;
    int64_t sent_ms;
    bool is_loaded, is_troubled;
};

static volatile sig_atomic_t is_over;

static void note_end(int number)
{
    (void)number;
    is_over = 1;
}

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
    printf("failed %s\n", what);
    exit(1);
}

static int count_row(void *context, const struct etcd_row *row)
{
    struct stand *stand = context;

    if (row->key.len > 2 && memcmp(row->key.data, "r/", 2) == 0)
        stand->rows++;
    return 0;
}

static void make_token(struct stand *stand)
{
    struct etcd_counters counters = etcd_replica_counters(stand->replica);
    char name[32];

    stand->token = counters.next_token++;
    stand->sent_ms = etcd_replica_now_ms();
    etcd_replica_count(stand->replica, &counters);
    etcd_txn_clear(stand->txn);
    snprintf(name, sizeof name, "r/%016llx", (unsigned long long)stand->token);
    etcd_txn_put(stand->txn, name, "x", 1);
    if (etcd_replica_commit(stand->replica, stand->txn) != 0)
        die("a commit");
}

static void tell_token(struct stand *stand)
{
    if (stand->token != 0)
        printf("token %llu %lld %lld\n", (unsigned long long)stand->token,
               (long long)stand->sent_ms, (long long)etcd_replica_now_ms());
    stand->token = 0;
}

static void tell(struct stand *stand, enum etcd_event event)
{
    if (event == ETCD_EVENT_IDLE)
        return;
    if (event == ETCD_EVENT_LEADS) {
        stand->rows = 0;
        stand->token = 0;
        printf("leads %llu\n", (unsigned long long)etcd_replica_sight(stand->replica)->leader.term);
    } else if (event == ETCD_EVENT_LOADED) {
        stand->is_loaded = true;
        printf("loaded %llu\n", (unsigned long long)stand->rows);
    } else if (event == ETCD_EVENT_COMMITTED) {
        tell_token(stand);
    } else if (event == ETCD_EVENT_DEPOSED || event == ETCD_EVENT_RESIGNED) {
        stand->is_loaded = false;
        printf("%s\n", event == ETCD_EVENT_DEPOSED ? "deposed" : "resigned");
    } else if (event == ETCD_EVENT_TROUBLE && !stand->is_troubled) {
        printf("trouble %s\n", etcd_replica_error(stand->replica));
    } else if (event != ETCD_EVENT_NONE && event != ETCD_EVENT_TROUBLE) {
        die(etcd_replica_error(stand->replica));
    }
    if (event != ETCD_EVENT_NONE)
        stand->is_troubled = event == ETCD_EVENT_TROUBLE;
    fflush(stdout);
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = REST_MS * 1000000L};

    nanosleep(&pause, NULL);
}

static void run(struct stand *stand)
{
    struct buffer response = {0};
    bool resigns = false;
    enum etcd_event event = ETCD_EVENT_NONE;

    while (!resigns || (event != ETCD_EVENT_RESIGNED && event != ETCD_EVENT_DEPOSED)) {
        if (is_over && !resigns && etcd_replica_is_ready(stand->replica)) {
            etcd_replica_resign(stand->replica);
            resigns = true;
        } else if (is_over && !resigns && !etcd_replica_leads(stand->replica)) {
            break;
        } else if (!resigns && stand->is_loaded && etcd_replica_is_ready(stand->replica)) {
            make_token(stand);
        }
        event = etcd_replica_step(stand->replica, members_caller(stand->members), &response);
        tell(stand, event);
        rest();
    }
    buffer_fini(&response);
}

static void set_up(struct stand *stand, const char *state, const char *instance,
                   const char *takeover_ms)
{
    const struct members_settings settings = {.interrupt_fd = -1};
    struct etcd_replica_options options = {.machine = instance,
                                           .boot = "a boot",
                                           .random = random_u64(),
                                           .on_row = count_row,
                                           .context = stand};
    char why[ENDPOINT_WHY_SIZE], prefix[ENDPOINT_PREFIX_SIZE + 1];
    struct endpoint_list list;
    struct etcd_error error;
    uint64_t number;

    if (endpoint_list_parse(state, &list, why) != 0)
        die(why);
    if (number_parse(takeover_ms, 60000, &number) != 0)
        die("that is no time");
    snprintf(prefix, sizeof prefix, "%s/", list.prefix);
    options.prefix = prefix;
    options.who.layout = ETCD_LAYOUT;
    options.who.takeover_ms = (int64_t)number;
    snprintf(options.who.instance, sizeof options.who.instance, "%s", instance);
    snprintf(options.who.cluster, sizeof options.who.cluster, "%016llx",
             (unsigned long long)random_u64());
    snprintf(options.who.host, sizeof options.who.host, "%s", instance);
    stand->members = members_create(&list, &settings, &error);
    stand->replica = etcd_replica_create(&options);
    stand->txn = etcd_txn_create(prefix);
    if (stand->members == NULL || stand->replica == NULL || stand->txn == NULL)
        die("it cannot be set up");
}

int main(int argc, char **argv)
{
    struct stand stand = {0};

    if (argc != 4)
        die("usage: etcd-stand STATE INSTANCE TAKEOVER_MS");
    signal(SIGTERM, note_end);
    set_up(&stand, argv[1], argv[2], argv[3]);
    run(&stand);
    etcd_txn_destroy(stand.txn);
    etcd_replica_destroy(stand.replica);
    members_destroy(stand.members);
    return 0;
}
