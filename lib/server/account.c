/* The accounts of clients.
 * Must not know what is charged for, nor what becomes of who has spent all. */
#include "account.h"

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many seconds' worth an account holds. */
enum { COST_BURST_S = 15, HISTORY_BURST_S = 50, ARRIVALS_BURST_S = 4, COST_DEBT_S = 1 };

enum { LEAST_SHARE = 1000 };

/* No address of IPv6 has this: it would be one of its network 0. */
static const uint64_t USER_KEY = UINT64_C(1) << 63;

static uint64_t read_64(const unsigned char bytes[8])
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

struct account_key account_key_of_ip(const unsigned char ip[16])
{
    struct account_key key = {read_64(ip), read_64(ip + 8)};

    /* Of IPv4 every address is one. */
    if (key.high != 0 || key.low >> 32 != 0xffff)
        key.low = 0;
    return key;
}

struct account_key account_key_of_user(uint32_t uid)
{
    return (struct account_key){0, USER_KEY | uid};
}

void account_key_describe(struct account_key key, char text[ACCOUNT_TEXT_SIZE])
{
    unsigned char ip[16] = {0};
    char address[INET6_ADDRSTRLEN];

    if ((key.low & USER_KEY) != 0) {
        snprintf(text, ACCOUNT_TEXT_SIZE, "user %" PRIu32, (uint32_t)key.low);
        return;
    }
    for (size_t i = 0; i < 8; i++) {
        ip[i] = (unsigned char)(key.high >> (56 - 8 * i));
        ip[8 + i] = (unsigned char)(key.low >> (56 - 8 * i));
    }
    if (key.low != 0)
        inet_ntop(AF_INET, ip + 12, text, ACCOUNT_TEXT_SIZE);
    else if (inet_ntop(AF_INET6, ip, address, sizeof address) != NULL)
        snprintf(text, ACCOUNT_TEXT_SIZE, "%s/64", address);
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
    struct account_key one = tree_entry(a, struct account, node)->key;
    struct account_key other = tree_entry(b, struct account, node)->key;

    if (one.high != other.high)
        return one.high < other.high ? -1 : 1;
    return (one.low > other.low) - (one.low < other.low);
}

void account_book_init(struct account_book *book)
{
    *book = (struct account_book){.accounts = {.compare = compare}};
}

static void destroy(struct account_book *book, struct account *account)
{
    if (book->last == account)
        book->last = NULL;
    tree_remove(&book->accounts, &account->node);
    free(account);
}

void account_book_fini(struct account_book *book)
{
    struct tree_node *node;

    while ((node = tree_first(&book->accounts)) != NULL)
        destroy(book, tree_entry(node, struct account, node));
}

static int64_t full(int64_t rate, int64_t seconds)
{
    return rate > 0 && rate < INT64_MAX / seconds ? rate * seconds : INT64_MAX / 2;
}

static struct account *find(const struct account_book *book, struct account_key key)
{
    struct account probe;
    struct tree_node *node;

    probe.key = key;
    node = tree_find(&book->accounts, &probe.node);
    return node != NULL ? tree_entry(node, struct account, node) : NULL;
}

static struct account *add(struct account_book *book, struct account_key key)
{
    struct account *account = malloc(sizeof *account);

    if (account == NULL)
        return NULL;
    *account = (struct account){
        .key = key,
        .cost_us = full(book->rates.cost_us, COST_BURST_S),
        .history_bytes = full(book->rates.history_bytes, HISTORY_BURST_S),
        .arrivals = full(book->rates.arrivals, ARRIVALS_BURST_S),
    };
    tree_insert(&book->accounts, &account->node);
    return account;
}

struct account *account_open(struct account_book *book, struct account_key key)
{
    struct account *account = book->last;

    if (account != NULL && account->key.high == key.high && account->key.low == key.low)
        return account;
    account = find(book, key);
    if (account == NULL)
        account = add(book, key);
    book->last = account;
    return account;
}

/* Another than those that are here may come: its place is kept too, so that nobody alone has all of
 * them. */
static size_t share(const struct account_book *book, const struct account_places *places)
{
    size_t part = places->total / (book->connected + 1);
    size_t least = places->total / 8 < LEAST_SHARE ? places->total / 8 : LEAST_SHARE;

    return part > least ? part : least;
}

static bool has_place(const struct account_book *book, const struct account *account,
                      const struct account_places *places)
{
    if (places->taken >= places->total)
        return false;
    return places->most > 0 || places->taken < places->total - places->total / 4 ||
           account->connections < share(book, places);
}

enum account_verdict account_arrive(struct account_book *book, struct account *account,
                                    const struct account_places *places)
{
    if (account->arrivals <= 0)
        return ACCOUNT_TOO_FAST;
    account->arrivals--;
    if (places->most > 0 && account->connections >= places->most)
        return ACCOUNT_TOO_MANY;
    return has_place(book, account, places) ? ACCOUNT_WELCOME : ACCOUNT_NO_PLACE;
}

void account_connect(struct account_book *book, struct account *account)
{
    book->connected += account->connections == 0;
    account->connections++;
}

void account_disconnect(struct account_book *book, struct account *account)
{
    account->connections--;
    book->connected -= account->connections == 0;
}

bool account_take_history(struct account *account, size_t bytes)
{
    if (account->history_bytes <= 0)
        return false;
    account->history_bytes -= (int64_t)bytes;
    return true;
}

/* Returns whether it is full. */
static bool pay(int64_t *left, int64_t rate, int64_t seconds)
{
    int64_t most = full(rate, seconds);

    *left = rate > 0 && *left < most - rate ? *left + rate : most;
    return *left == most;
}

/* Who was served as nobody else was there has no debts for that. */
static void forgive(struct account *account, const struct account_rates *rates)
{
    int64_t most_debt = full(rates->cost_us, COST_DEBT_S);

    if (account->cost_us < -most_debt)
        account->cost_us = -most_debt;
}

void account_book_forget_requests(struct account_book *book)
{
    struct tree_node *node;

    for (node = tree_first(&book->accounts); node != NULL;
         node = tree_next(&book->accounts, node)) {
        struct account *account = tree_entry(node, struct account, node);

        account->locks = 0;
        account->waiters = 0;
    }
}

void account_book_pay(struct account_book *book)
{
    const struct account_rates *rates = &book->rates;
    struct tree_node *node = tree_first(&book->accounts);

    while (node != NULL) {
        struct account *account = tree_entry(node, struct account, node);
        bool is_full;

        node = tree_next(&book->accounts, node);
        forgive(account, rates);
        is_full = pay(&account->cost_us, rates->cost_us, COST_BURST_S);
        is_full &= pay(&account->history_bytes, rates->history_bytes, HISTORY_BURST_S);
        is_full &= pay(&account->arrivals, rates->arrivals, ARRIVALS_BURST_S);
        if (is_full && account->connections + account->locks + account->waiters == 0 &&
            account->holders == 0)
            destroy(book, account);
    }
}
