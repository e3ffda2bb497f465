/* Addresses whose pidstatd has answered with the word id=: the last 16,384 that did, and of one
 * IPv6 /64 the last 8,192, as one host may have all of that.  They are not kept by name, as one
 * host has as many names as somebody can think of.  All of 127.0.0.0/8 is one address, which is
 * this machine's, and a link-local one is another on each link. */
#ifndef FARMLOCK_PIDSTAT_PROOFS_H
#define FARMLOCK_PIDSTAT_PROOFS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/tree.h"

/* How long nothing without the word is believed of who has answered with it. */
#define PROOF_LASTS_US (INT64_C(24) * 3600 * 1000000)

struct proofs {
    struct tree by_address, by_network;
    TAILQ_HEAD(proof_queue, proof) in_order; /* the one that is oldest comes first */
    uint64_t noted;                          /* ever */
};

void proofs_init(struct proofs *proofs);
void proofs_fini(struct proofs *proofs);

/* An address has answered with it now; its port does not matter, and IPv4 is mapped.  Forgets the
 * oldest proof, of that network or of all, where there are too many; without memory for another
 * one, this one. */
void proofs_note(struct proofs *proofs, const struct sockaddr_in6 *address, int64_t now_us);

/* Whether that address has, in the last 24 hours. */
bool proofs_have(const struct proofs *proofs, const struct sockaddr_in6 *address, int64_t now_us);

#endif
