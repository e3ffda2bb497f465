/* The addresses of etcd's members.  What a name service said once stays good while it does not
 * answer. */
#ifndef FARMLOCK_STORE_ETCD_ADDRESS_BOOK_H
#define FARMLOCK_STORE_ETCD_ADDRESS_BOOK_H

#include "caller.h"
#include "endpoint.h"
#include "net/resolver.h"
#include "patience.h"

struct address_book;

/* NULL with errno ENOMEM.  Threads are started only when a name is to be looked up. */
struct address_book *address_book_create(void);

/* Accepts NULL.  Waits as resolver_destroy() does. */
void address_book_destroy(struct address_book *book);

/* The addresses of the endpoint with number `index` in its list, at least one; ports in them are 0.
 * Waits for a name service for half of what patience there is where it has told them before, else
 * for all of it.  Valid until the next call; NULL with *error.
 */
const struct resolver_result *address_book_find(struct address_book *book, size_t index,
                                                const struct endpoint *endpoint,
                                                const struct patience *patience,
                                                struct etcd_error *error);

#endif
