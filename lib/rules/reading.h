/* Values of a configuration, checked and copied into rules; used while these are read. */
#ifndef FARMLOCK_RULES_READING_H
#define FARMLOCK_RULES_READING_H

#include "rules.h"

struct reading {
    struct rules *rules;
    struct conf_faults *faults;
    bool no_memory;
    const char *file; /* whose name was copied last, */
    char *file_copy;  /* and the copy */
};

/* Memory that is all 0 and lives as long as the rules; NULL where there is none, which is noted. */
void *reading_alloc(struct reading *reading, size_t count, size_t size);

/* Tells of a fault, and where a setting stands. */
#define reading_fault(reading_, node_, ...) conf_fault((reading_)->faults, node_, __VA_ARGS__)
struct pool_place reading_place(struct reading *reading, const struct conf_node *node);

/* A setting of a section, and what reads it. */
struct reading_key {
    const char *name;
    void (*take)(struct reading *reading, const struct conf_node *node, void *out);
};

/* Reads a section; `keys` ends with a NULL name.  `what` it is, is for messages.  Returns whether
 * it is a section. */
bool reading_section(struct reading *reading, const struct conf_node *node, const char *what,
                     const struct reading_key *keys, void *out);

/* Reads a list of sections into an array; `take` says whether one is to be kept. */
typedef bool reading_item_fn(struct reading *reading, const struct conf_node *node, void *item);
void *reading_list(struct reading *reading, const struct conf_node *node, size_t size,
                   reading_item_fn *take, size_t *count);

/* A number; `least` where it is none of that range, which is told. */
uint32_t reading_number(struct reading *reading, const struct conf_node *node, uint32_t least,
                        uint32_t most);

/* A time in milliseconds, more than 0; 1 where it is none. */
int64_t reading_time(struct reading *reading, const struct conf_node *node);

/* Which of some words it is, NULL behind the last; 0 where it is none. */
unsigned reading_word(struct reading *reading, const struct conf_node *node,
                      const char *const *words);

/* A copy of one word without blanks; NULL where it is none. */
const char *reading_name(struct reading *reading, const struct conf_node *node);

/* A copy of a text. */
const char *reading_copy(struct reading *reading, const char *text);

#endif
