/* What is in use of one feature of a license server's. */
#ifndef FARMLOCK_LOCKFLEX_USE_H
#define FARMLOCK_LOCKFLEX_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum use_state {
    USE_UNHEARD,   /* the list has no word of it */
    USE_COUNTED,   /* what follows is what the list says */
    USE_UNCOUNTED, /* there is no limit: nobody takes a license from anybody */
    USE_FAULTY,    /* the server could not say */
};

/* Licenses that one user has on one machine, by one check-out or by several. */
struct use_row {
    char *user, *machine; /* the machine as machine_name_key() has it */
    uint64_t count;
};

enum { USE_WHY_SIZE = 300 };

/* All zero is one that was not heard of. */
struct use {
    enum use_state state;
    bool has_total;         /* the list says itself how many are in use */
    uint64_t total;         /* that */
    uint64_t listed;        /* of the rows together */
    uint64_t reserved;      /* set aside for others, and not in use */
    uint64_t reserved_ours; /* set aside for the farm */
    uint64_t queued;        /* licenses that are waited for */
    struct use_row *rows;   /* one for each user and machine once use_merge_rows() was called */
    size_t row_count, room;
    char why[USE_WHY_SIZE]; /* of USE_FAULTY: what was said of it alone, harmless; or "" */
};

/* Adds a check-out.  Returns 0, or -1 with errno ENOMEM, the use as it was. */
int use_add(struct use *use, struct span user, struct span host, uint32_t count);

/* Puts rows of one user and machine together, in order of user, then machine. */
void use_merge_rows(struct use *use);

/* Compares two rows by user and machine, as strcmp(3). */
int use_row_compare(const struct use_row *a, const struct use_row *b);

/* Frees what it owns; it is one that was not heard of then. */
void use_fini(struct use *use);

#endif
