/* What each client costs the server, and what it has of what is scarce.
 *
 * A client is an address, of IPv6 the 64 bits of its network, as one machine may have all the rest;
 * or a user, where somebody has proven which.  Each has an *account* of microseconds: what it has
 * done is charged by a tariff that is near what it costs, and each second some are paid in.  One
 * that is spent is not refused: it is served behind all others.  History is kept of a client, and
 * connections are taken from it, up to a rate in the same way (a token bucket: J. Turner, "New
 * directions in communications", IEEE Communications 24(10), 1986).
 *
 * Pure: it knows no socket, no clock and no connection.
 */
#ifndef FARMLOCK_SERVER_ACCOUNT_H
#define FARMLOCK_SERVER_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"

enum { ACCOUNT_TEXT_SIZE = 52 };

/* Who it is. */
struct account_key {
    uint64_t high, low;
};

/* Of an address in 16 bytes, as IPv6 has them, one of IPv4 mapped into it. */
struct account_key account_key_of_ip(const unsigned char ip[16]);
struct account_key account_key_of_user(uint32_t uid);

/* "10.1.2.3", "2001:db8:0:7::/64", "user 1000". */
void account_key_describe(struct account_key key, char text[ACCOUNT_TEXT_SIZE]);

/* What is paid in each second; 0: of that there is no bound. */
struct account_rates {
    int64_t cost_us, history_bytes, arrivals;
};

struct account {
    struct tree_node node; /* the book's own */
    struct account_key key;
    size_t connections;
    size_t locks, waiters; /* of requests that it has made */
    size_t links;          /* of its connections, see claim.h */
    size_t name_bytes;     /* of what these want to lock */
    size_t holders;        /* who else has a pointer to it */
    int64_t cost_us;       /* what is left; below 0: spent */
    int64_t history_bytes, arrivals;
    uint32_t pass;        /* the last pass of the loop in which it was served, */
    int64_t pass_cost_us; /* and for how much */
};

struct account_book {
    struct tree accounts;
    struct account *last; /* that was asked for, which is often the next one, too; or NULL */
    size_t connected;     /* of them have connections */
    struct account_rates rates;
};

/* Its rates are to be set behind that; they may change. */
void account_book_init(struct account_book *book);
void account_book_fini(struct account_book *book);

/* The account, which is full when it is new.  It stays as long as anything of it is in use, and
 * until it is full again.  NULL when there is no memory. */
struct account *account_open(struct account_book *book, struct account_key key);

enum account_verdict {
    ACCOUNT_WELCOME,
    ACCOUNT_TOO_MANY, /* connections of its own */
    ACCOUNT_NO_PLACE, /* they are all taken, or kept for others */
    ACCOUNT_TOO_FAST,
};

/* How many connections there are in all, and may be: in all, and of one account, where 0 is a fair
 * share.  While less than three quarters of the places are taken anybody may have one; then who has
 * less than its part of them, or 1,000 where that is more. */
struct account_places {
    size_t taken, total, most;
};

/* May one more connection be had?  It is counted as one that came, in any case. */
enum account_verdict account_arrive(struct account_book *book, struct account *account,
                                    const struct account_places *places);

/* A connection is there, and is no more. */
void account_connect(struct account_book *book, struct account *account);
void account_disconnect(struct account_book *book, struct account *account);

static inline void account_charge(struct account *account, int64_t cost_us)
{
    account->cost_us -= cost_us;
}

static inline bool account_is_spent(const struct account *account)
{
    return account->cost_us < 0;
}

/* Whether so much history may be kept of it. */
bool account_take_history(struct account *account, size_t bytes);

/* All requests were forgotten. */
void account_book_forget_requests(struct account_book *book);

/* A second has passed. */
void account_book_pay(struct account_book *book);

#endif
