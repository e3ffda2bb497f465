/* Places of names: where one is looked for first. */
#ifndef FARMLOCK_LOCK_NAME_HASH_H
#define FARMLOCK_LOCK_NAME_HASH_H

#include <stdint.h>
#include <string.h>

/* A name's bytes are taken eight at a time; the high bits depend on all of them.  Whoever makes
 * names with the same bits is to gain nothing, and to cost nobody anything. */
static inline uint64_t lock_name_hash(const char *name)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
    size_t len = strlen(name);
    uint64_t hash = len, word = 0;

    for (; len > sizeof word; len -= sizeof word, name += sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 32;
    }
    for (word = 0; len > 0; len--)
        word = word << 8 | (unsigned char)*name++;
    return (hash ^ word) * odd;
}

#endif
