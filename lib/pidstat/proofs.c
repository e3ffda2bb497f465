/* Which addresses are known for a pidstatd that repeats the id of a question.
 * Must not know hosts' names. */
#include "proofs.h"

#include <stdlib.h>
#include <string.h>

enum { PROOFS_MAX = 16384, OF_A_NETWORK_MAX = PROOFS_MAX / 2, NETWORK_BYTES = 8, WHO_BYTES = 16 };

struct proof {
    struct tree_node by_address, by_network; /* in its network the oldest comes first */
    TAILQ_ENTRY(proof) in_order;
    uint64_t number; /* of all that were noted */
    int64_t noted_us;
    unsigned char who[WHO_BYTES]; /* the network, and the host in it */
};

static int compare_addresses(const struct tree_node *a, const struct tree_node *b)
{
    return memcmp(tree_entry(a, struct proof, by_address)->who,
                  tree_entry(b, struct proof, by_address)->who, WHO_BYTES);
}

static int compare_networks(const struct tree_node *left, const struct tree_node *right)
{
    const struct proof *a = tree_entry(left, struct proof, by_network);
    const struct proof *b = tree_entry(right, struct proof, by_network);
    int order = memcmp(a->who, b->who, NETWORK_BYTES);

    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

void proofs_init(struct proofs *proofs)
{
    *proofs = (struct proofs){.by_address.compare = compare_addresses,
                              .by_network.compare = compare_networks};
    TAILQ_INIT(&proofs->in_order);
}

static struct proof *take_out(struct proofs *proofs, struct proof *proof)
{
    tree_remove(&proofs->by_address, &proof->by_address);
    tree_remove(&proofs->by_network, &proof->by_network);
    TAILQ_REMOVE(&proofs->in_order, proof, in_order);
    return proof;
}

void proofs_fini(struct proofs *proofs)
{
    struct proof *proof;

    while ((proof = TAILQ_FIRST(&proofs->in_order)) != NULL)
        free(take_out(proofs, proof));
}

/* Each IPv4 address is a network of its own, behind a prefix of multicast that no host has, and
 * 127.0.0.0/8 is one.  The bytes of a link-local address that are 0 have its link. */
static void set_who(struct proof *proof, const struct sockaddr_in6 *address)
{
    const unsigned char *ip = address->sin6_addr.s6_addr;

    memset(proof->who, 0, WHO_BYTES);
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        proof->who[0] = 0xff;
        memcpy(proof->who + 4, ip + 12, ip[12] == IN_LOOPBACKNET ? 1 : 4);
        return;
    }
    memcpy(proof->who, ip, WHO_BYTES);
    if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr))
        memcpy(proof->who + 4, &address->sin6_scope_id, 4);
}

static struct proof *find(const struct proofs *proofs, const struct proof *probe)
{
    struct tree_node *node = tree_find(&proofs->by_address, &probe->by_address);

    return node != NULL ? tree_entry(node, struct proof, by_address) : NULL;
}

/* The proof that one of that network comes in place of; NULL where there is room for more. */
static struct proof *in_excess(const struct proofs *proofs, const struct proof *one)
{
    struct proof from = *one, to = *one;
    size_t before;

    from.number = 0;
    to.number = UINT64_MAX;
    before = tree_rank(&proofs->by_network, &from.by_network);
    if (tree_rank(&proofs->by_network, &to.by_network) - before >= OF_A_NETWORK_MAX)
        return tree_entry(tree_at_least(&proofs->by_network, &from.by_network), struct proof,
                          by_network);
    return tree_count(&proofs->by_address) >= PROOFS_MAX ? TAILQ_FIRST(&proofs->in_order) : NULL;
}

void proofs_note(struct proofs *proofs, const struct sockaddr_in6 *address, int64_t now_us)
{
    struct proof one = {.noted_us = now_us, .number = ++proofs->noted}, *proof;

    set_who(&one, address);
    proof = find(proofs, &one);
    if (proof == NULL)
        proof = in_excess(proofs, &one);
    proof = proof != NULL ? take_out(proofs, proof) : malloc(sizeof *proof);
    if (proof == NULL)
        return;
    *proof = one;
    tree_insert(&proofs->by_address, &proof->by_address);
    tree_insert(&proofs->by_network, &proof->by_network);
    TAILQ_INSERT_TAIL(&proofs->in_order, proof, in_order);
}

bool proofs_have(const struct proofs *proofs, const struct sockaddr_in6 *address, int64_t now_us)
{
    struct proof probe = {.number = 0};
    const struct proof *proof;

    set_who(&probe, address);
    proof = find(proofs, &probe);
    return proof != NULL && now_us - proof->noted_us < PROOF_LASTS_US;
}
