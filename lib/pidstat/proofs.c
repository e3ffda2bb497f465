/* Which addresses are known for a pidstatd that repeats the id of a question.
 * Must not know hosts' names. */
#include "proofs.h"

#include <stdlib.h>
#include <string.h>

enum { PROOFS_MAX = 16384 };

struct proof {
    struct tree_node by_address;
    TAILQ_ENTRY(proof) in_order;
    int64_t noted_us;
    unsigned char ip[IP_BYTES];
};

static int compare_addresses(const struct tree_node *a, const struct tree_node *b)
{
    return memcmp(tree_entry(a, struct proof, by_address)->ip,
                  tree_entry(b, struct proof, by_address)->ip, IP_BYTES);
}

void proofs_init(struct proofs *proofs)
{
    *proofs = (struct proofs){.by_address.compare = compare_addresses};
    TAILQ_INIT(&proofs->in_order);
}

static struct proof *take_out(struct proofs *proofs, struct proof *proof)
{
    tree_remove(&proofs->by_address, &proof->by_address);
    TAILQ_REMOVE(&proofs->in_order, proof, in_order);
    proofs->count--;
    return proof;
}

void proofs_fini(struct proofs *proofs)
{
    struct proof *proof;

    while ((proof = TAILQ_FIRST(&proofs->in_order)) != NULL)
        free(take_out(proofs, proof));
}

static struct proof *find(const struct proofs *proofs, const unsigned char ip[IP_BYTES])
{
    struct proof probe;
    struct tree_node *node;

    memcpy(probe.ip, ip, IP_BYTES);
    node = tree_find(&proofs->by_address, &probe.by_address);
    return node != NULL ? tree_entry(node, struct proof, by_address) : NULL;
}

void proofs_note(struct proofs *proofs, const unsigned char ip[IP_BYTES], int64_t now_us)
{
    struct proof *proof = find(proofs, ip);

    if (proof == NULL && proofs->count == PROOFS_MAX)
        proof = TAILQ_FIRST(&proofs->in_order);
    proof = proof != NULL ? take_out(proofs, proof) : malloc(sizeof *proof);
    if (proof == NULL)
        return;
    memcpy(proof->ip, ip, IP_BYTES);
    proof->noted_us = now_us;
    tree_insert(&proofs->by_address, &proof->by_address);
    TAILQ_INSERT_TAIL(&proofs->in_order, proof, in_order);
    proofs->count++;
}

bool proofs_have(const struct proofs *proofs, const unsigned char ip[IP_BYTES], int64_t now_us)
{
    const struct proof *proof = find(proofs, ip);

    return proof != NULL && now_us - proof->noted_us < PROOF_LASTS_US;
}
