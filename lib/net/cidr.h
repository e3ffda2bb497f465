/* Ranges of addresses, as people write them: "10.0.0.0/8", "2001:db8::/32", one address. */
#ifndef FARMLOCK_NET_CIDR_H
#define FARMLOCK_NET_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { CIDR_BYTES = 16, CIDR_ERROR_SIZE = 160 };

struct cidr {
    unsigned char first[CIDR_BYTES]; /* an address of IPv4 is mapped (RFC 4291) */
    unsigned bits;                   /* of `first` that count */
};

/* All zero is a list of nothing, which has every address. */
struct cidr_list {
    struct cidr *items;
    size_t count, room;
};

/* Adds the ranges of "RANGE[,RANGE...]" to a list.  Returns 0; or -1 with errno EINVAL or ENOMEM,
 * and a line that says what is wrong with it: names, masks that are none, bits behind a mask. */
int cidr_list_add(struct cidr_list *list, const char *text, char error[CIDR_ERROR_SIZE]);
void cidr_list_fini(struct cidr_list *list);

/* Whether whoever has an address may come in: one that is in a range of the list, or one of this
 * machine's loopback, or none, as at a UNIX socket, where the file system has a say. */
bool cidr_list_admits(const struct cidr_list *list, const struct sockaddr *address);

/* Whether nobody but processes of this machine has such an address, or it is none of IP. */
bool cidr_is_loopback(const struct sockaddr *address);

#endif
