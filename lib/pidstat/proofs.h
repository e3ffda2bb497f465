/* Addresses whose pidstatd has answered with the word id=: the last 16,384 that did.  They are not
 * kept by name, as one host has as many names as somebody can think of. */
#ifndef FARMLOCK_PIDSTAT_PROOFS_H
#define FARMLOCK_PIDSTAT_PROOFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/ip_text.h"
#include "base/tree.h"

/* How long nothing without the word is believed of who has answered with it. */
#define PROOF_LASTS_US (INT64_C(24) * 3600 * 1000000)

struct proofs {
    struct tree by_address;
    TAILQ_HEAD(proof_queue, proof) in_order; /* the one that is oldest comes first */
    size_t count;
};

void proofs_init(struct proofs *proofs);
void proofs_fini(struct proofs *proofs);

/* An address has answered with it now.  Forgets the oldest proof where there are too many; without
 * memory for another one, this one. */
void proofs_note(struct proofs *proofs, const unsigned char ip[IP_BYTES], int64_t now_us);

/* Whether that address has, in the last 24 hours. */
bool proofs_have(const struct proofs *proofs, const unsigned char ip[IP_BYTES], int64_t now_us);

#endif
